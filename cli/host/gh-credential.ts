import { promisify } from "node:util";
import type { Credential } from "../../src/host.ts";

/** GitHub's registries: its command line's token is for them and nobody else. */
const REGISTRIES = ["ghcr.io", "docker.pkg.github.com"];
/** It may ask a key ring; one that waits for a person must not hang a build. Milliseconds. */
const TIMEOUT = 10_000;
/** Longer output is no token, in bytes. */
const MAX_OUTPUT = 16 * 1024;

/**
 * The login of GitHub's command line, for a registry (in its canonical name) of
 * GitHub's. Undefined where `gh` is missing or not logged in. Never throws.
 */
export async function ghCredential(
  registry: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Credential | undefined> {
  if (!REGISTRIES.includes(registry)) return undefined;
  try {
    const options = { timeout: TIMEOUT, maxBuffer: MAX_OUTPUT, env: { ...env } };
    const { execFile } = process.getBuiltinModule("node:child_process");
    const { stdout } = await promisify(execFile)("gh", ["auth", "token"], options);
    const password = stdout.trim();
    return /^\S+$/.test(password) ? { username: "x-access-token", password, origin: "gh" } : undefined;
  } catch {
    return undefined;
  }
}
