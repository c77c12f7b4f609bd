/**
 * Which engine computes what in Node. Bytes that depend on who makes them are
 * always the kernels'; so is a hash whose state is saved. What a specification
 * fixes, the host's engine computes where it is the faster one: hashes, since
 * processors have instructions for SHA-256 that WebAssembly cannot reach. It is
 * not in CRC-32 and in reading gzip: there the kernels are (docs/performance.md).
 */
import { createHash, type Hash } from "node:crypto";
import { SealiftError } from "../../src/error.ts";
import { misuse } from "../../src/kernel/failure.ts";
import type { Hasher, Kernels } from "../../src/kernel/kernels.ts";
import type { HashAlgorithm } from "../../src/oci/digest.ts";
import { loadKernels } from "./kernels.ts";

export type EngineChoice = "auto" | "wasm" | "native";

type Environment = Readonly<Record<string, string | undefined>>;

/** SEALIFT_ENGINE: the kernels for everything, or the host's engines where they may be used. Throws USAGE. */
export function engineChoice(env: Environment): EngineChoice {
  const choice = env.SEALIFT_ENGINE || "auto";
  if (choice === "auto" || choice === "wasm" || choice === "native") return choice;
  throw new SealiftError("USAGE", `Cannot use SEALIFT_ENGINE: "${choice}" is not wasm or native`);
}

/** The kernels, with the engines the environment chooses. Throws USAGE, and what `loadKernels` throws. */
export async function nodeKernels(env: Environment): Promise<Kernels> {
  const choice = engineChoice(env);
  const kernels = await loadKernels();
  return choice === "wasm" ? kernels : withNodeCrypto(kernels);
}

/** The kernels, but for hashes, which node:crypto computes. */
export function withNodeCrypto(kernels: Kernels): Kernels {
  return { ...kernels, hasher, sha256Many: (messages) => messages.map(sha256) };
}

function sha256(message: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(message).digest());
}

function hasher(algorithm: HashAlgorithm): Hasher {
  let hash: Hash | undefined = createHash(algorithm);
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
