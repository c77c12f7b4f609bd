import { collect } from "../../../src/bytes/stream.ts";
import { type KeyPair, parsePrivateKey } from "../../../src/trust/private-key.ts";
import { type PublicKey, parsePublicKey } from "../../../src/trust/public-key.ts";
import type { NodeHost } from "../../host/host.ts";
import { keyPassword } from "../password.ts";

/** PEM files are a few hundred bytes. */
const MAX_KEY_SIZE = 64 * 1024;

export async function readPublicKeys(
  paths: readonly string[],
  host: NodeHost,
): Promise<readonly PublicKey[]> {
  const keys: PublicKey[] = [];
  for (const path of paths) keys.push(parsePublicKey(await readText(path, host), path));
  return keys;
}

export async function readPrivateKey(path: string, host: NodeHost): Promise<KeyPair> {
  return parsePrivateKey(await readText(path, host), keyPassword, path);
}

async function readText(path: string, host: NodeHost): Promise<string> {
  return new TextDecoder().decode(await collect(await host.files.stream(path), MAX_KEY_SIZE, path));
}
