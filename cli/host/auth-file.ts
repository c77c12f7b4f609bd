import { readFile, stat } from "node:fs/promises";
import * as v from "valibot";
import type { Credential } from "../../src/host.ts";
import { askHelper } from "./credential-helper.ts";
import { HUB_KEY, registryOfKey } from "./registry-name.ts";

/** Larger files are no logins, in bytes. */
const MAX_FILE_SIZE = 1024 * 1024;

export interface AuthFile {
  readonly path: string;
  /** The user named it: that it is missing is worth a word. */
  readonly expected?: boolean;
}

type Warn = (message: string) => void;

const entrySchema = v.looseObject({
  auth: v.optional(v.string()),
  username: v.optional(v.string()),
  password: v.optional(v.string()),
  identitytoken: v.optional(v.string()),
  registrytoken: v.optional(v.string()),
});

const fileSchema = v.looseObject({
  auths: v.nullish(v.record(v.string(), v.nullish(entrySchema))),
  credsStore: v.nullish(v.string()),
  credHelpers: v.nullish(v.record(v.string(), v.string())),
});

type AuthEntry = v.InferOutput<typeof entrySchema>;

/**
 * The logins for a registry (in its canonical name) in a file as docker and
 * podman write it: from its helpers first, then its own. Never throws.
 */
export async function credentialsInFile(
  { path, expected }: AuthFile,
  registry: string,
  warn: Warn,
): Promise<readonly Credential[]> {
  const file = await readAuthFile(path, expected === true, warn);
  if (!file) return [];
  const forRegistry = <T>(entries: Record<string, T> | null | undefined): readonly T[] =>
    Object.entries(entries ?? {}).flatMap(([key, value]) => (registryOfKey(key) === registry ? [value] : []));

  const found: Credential[] = [];
  const helper = forRegistry(file.credHelpers)[0] ?? file.credsStore;
  if (helper) {
    const credential = await askHelper(helper, registry === "docker.io" ? HUB_KEY : registry, warn);
    if (credential) found.push(credential);
  }
  for (const entry of forRegistry(file.auths)) {
    const credential = entry && credentialOf(entry, path, warn);
    if (credential) found.push(credential);
  }
  return found;
}

async function readAuthFile(
  path: string,
  expected: boolean,
  warn: Warn,
): Promise<v.InferOutput<typeof fileSchema> | undefined> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_SIZE) return refuse("it is larger than 1 MiB");
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    return code === "ENOENT" && !expected ? undefined : refuse(code);
  }
  try {
    const result = v.safeParse(fileSchema, JSON.parse(text));
    return result.success ? result.output : refuse("it is not in docker's format");
  } catch {
    // The parser's own message would quote the file, and with it a secret.
    return refuse("it is not JSON");
  }

  function refuse(reason: string): undefined {
    warn(`Cannot read logins from ${path}: ${reason}`);
  }
}

function credentialOf(entry: AuthEntry, path: string, warn: Warn): Credential | undefined {
  const [username, password] = entry.auth ? decodeAuth(entry.auth) : [entry.username, entry.password];
  if (entry.identitytoken) {
    return {
      username: username ?? "",
      password: entry.identitytoken,
      kind: "refresh-token",
      origin: path,
    };
  }
  if (entry.registrytoken) {
    return { username: "", password: entry.registrytoken, kind: "bearer-token", origin: path };
  }
  if (username && password) return { username, password, origin: path };
  // An empty entry is a note of docker's that the login is in its helper.
  if (entry.auth) warn(`Cannot use a login from ${path}: its auth is not base64 of user:password`);
  return undefined;
}

function decodeAuth(auth: string): [username?: string, password?: string] {
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1) return [];
  // Old dockers pad the text with NUL.
  return [text.slice(0, colon), text.slice(colon + 1).replace(/\0+$/, "")];
}
