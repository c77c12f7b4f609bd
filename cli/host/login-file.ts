import { chmod, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { SealiftError } from "../../src/error.ts";
import { fileError, filing, isSystemError } from "./file-error.ts";
import { createFile } from "./file-writer.ts";
import { canonicalRegistry, registryOfKey } from "./registry-name.ts";

/** Where `login` keeps what it is told: docker's format, so that other tools can be pointed at it. */
export function loginFile(env: Readonly<Record<string, string | undefined>>, home: string): string {
  return join(env.XDG_CONFIG_HOME || join(home, ".config"), "sealift", "auth.json");
}

const fileSchema = v.looseObject({ auths: v.nullish(v.record(v.string(), v.unknown())) });

/** Puts a login into the file, in place of the registry's earlier one. The file is its owner's alone. */
export async function storeLogin(
  path: string,
  registry: string,
  login: { readonly username: string; readonly password: string },
): Promise<void> {
  const auth = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  await change(path, registry, { [canonicalRegistry(registry)]: { auth } });
}

/** Takes a registry's login out of the file; false if there was none. */
export async function removeLogin(path: string, registry: string): Promise<boolean> {
  return change(path, registry, {});
}

/** Replaces a registry's entries; tells whether there were any. Throws CONFIG_INVALID, IO. */
async function change(
  path: string,
  registry: string,
  entries: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const file = await readLogins(path);
  const all = Object.entries(file.auths ?? {});
  const kept = all.filter(([key]) => registryOfKey(key) !== canonicalRegistry(registry));
  const found = kept.length < all.length;
  if (!found && Object.keys(entries).length === 0) return false;
  await filing("write", path, () => mkdir(dirname(path), { recursive: true, mode: 0o700 }));
  // The file that is replaced gives its mode to the new one.
  if (all.length > 0) await filing("write", path, () => chmod(path, 0o600));
  const content = { ...file, auths: { ...Object.fromEntries(kept), ...entries } };
  const writer = await createFile(path, 0o600);
  try {
    await writer.write(new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`));
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return found;
}

async function readLogins(path: string): Promise<v.InferOutput<typeof fileSchema>> {
  try {
    return v.parse(fileSchema, JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return {};
    if ((error as NodeJS.ErrnoException).code) throw fileError(error, "read", path);
    // What cannot be read is not replaced: it may hold other logins. Its text is not quoted, for the same reason.
    throw new SealiftError(
      "CONFIG_INVALID",
      `Cannot change logins in ${path}: it is not in docker's format`,
      {
        hint: "Mend the file, or move it away.",
      },
    );
  }
}
