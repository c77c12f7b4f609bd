/**
 * Which engine computes what in Node. Bytes that depend on who makes them are
 * always the kernels'; so is a hash whose state is saved. What a specification
 * fixes, the host's engine computes where it is the faster one: hashes, since
 * processors have instructions for SHA-256 that WebAssembly cannot reach. In CRC-32
 * and in reading gzip, which Node would do on another thread, the kernels are.
 */
import type { Hash } from "node:crypto";
import { SealiftError } from "../../src/error.ts";
import { misuse } from "../../src/kernel/failure.ts";
import type { Hasher, Kernels } from "../../src/kernel/kernels.ts";
import type { HashAlgorithm } from "../../src/oci/digest.ts";
import { nodeCrypto } from "./node-crypto.ts";

export type EngineChoice = "auto" | "wasm" | "native";

type Environment = Readonly<Record<string, string | undefined>>;

/** SEALIFT_ENGINE: the kernels for everything, or Node's engines wherever they may be used. Throws USAGE. */
export function engineChoice(env: Environment): EngineChoice {
  const choice = env.SEALIFT_ENGINE || "auto";
  if (choice === "auto" || choice === "wasm" || choice === "native") return choice;
  throw new SealiftError("USAGE", `Cannot use SEALIFT_ENGINE: "${choice}" is not wasm or native`);
}

/** The kernels, but for what the choice leaves to Node's engines. */
export function withEngines(kernels: Kernels, choice: EngineChoice): Kernels {
  if (choice === "wasm") return kernels;
  const faster = { ...kernels, hasher, sha256Many };
  return choice === "auto" ? faster : { ...faster, crc32: process.getBuiltinModule("node:zlib").crc32 };
}

function sha256Many(messages: readonly Uint8Array[]): Uint8Array[] {
  return messages.map(
    (message) => new Uint8Array(nodeCrypto().createHash("sha256").update(message).digest()),
  );
}

function hasher(algorithm: HashAlgorithm): Hasher {
  let hash: Hash | undefined = nodeCrypto().createHash(algorithm);
  const running = () => {
    if (!hash) throw misuse("a hasher after its digest or release");
    return hash;
  };
  return {
    update: (chunk) => void running().update(chunk),
    digest() {
      const digest = new Uint8Array(running().digest());
      hash = undefined;
      return digest;
    },
    release() {
      hash = undefined;
    },
  };
}
