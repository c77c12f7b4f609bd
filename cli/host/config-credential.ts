import { readFile, stat } from "node:fs/promises";
import * as v from "valibot";
import type { Credential } from "../../src/host.ts";
import { canonicalRegistry } from "./registry-name.ts";

/** Larger files are no configuration, in bytes. */
const MAX_FILE_SIZE = 1024 * 1024;

const configSchema = v.looseObject({
  registry: v.nullish(
    v.looseObject({
      default: v.nullish(v.string()),
      auth: v.nullish(v.looseObject({ username: v.nullish(v.string()), password: v.nullish(v.string()) })),
    }),
  ),
});

/**
 * The login in a configuration file of ours or of Pakto's: `registry.auth`,
 * which is for the registry of `registry.default` and goes to no other.
 * `${NAME}` stands for a variable of the environment. Never throws.
 */
export async function configCredential(
  path: string,
  registry: string,
  env: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): Promise<Credential | undefined> {
  const text = await readConfig(path, warn);
  if (text === undefined) return undefined;
  let config: v.InferOutput<typeof configSchema>;
  try {
    // Few have such a file, and reading YAML takes longer to load than all else here.
    const { parse } = await import("yaml");
    // Scalars stay text: a password of digits is not a number.
    config = v.parse(configSchema, parse(text, { schema: "failsafe" }) ?? {});
  } catch {
    // The parser's own message would quote the file, and with it a secret.
    return void warn(`Cannot read the login in ${path}: it is not a configuration file`);
  }
  const { default: name, auth } = config.registry ?? {};
  if (!name || !auth) return undefined;
  const [host = ""] = interpolated(name, env).split("/");
  const username = interpolated(auth.username ?? "", env);
  const password = interpolated(auth.password ?? "", env);
  if (canonicalRegistry(host) !== registry || !username || !password) return undefined;
  return { username, password, origin: path };
}

async function readConfig(path: string, warn: (message: string) => void): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_FILE_SIZE) return await readFile(path, "utf8");
    warn(`Cannot read the login in ${path}: it is larger than 1 MiB`);
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") warn(`Cannot read the login in ${path}: ${code}`);
  }
  return undefined;
}

/** A variable that is not set is nothing, as in a shell. */
function interpolated(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => env[name] ?? "");
}
