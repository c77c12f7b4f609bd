import { sha512 } from "@noble/hashes/sha2.js";
import { misuse } from "../failure.ts";
import type { Hasher } from "../kernels.ts";

/** SHA-512 by @noble/hashes: hash-wasm's hashers cannot be many without as many instances. */
export function sha512Hasher(): Hasher {
  let hash: ReturnType<typeof sha512.create> | undefined = sha512.create();
  const running = () => {
    if (!hash) throw misuse("a hasher after its digest or release");
    return hash;
  };
  const release = () => {
    hash?.destroy();
    hash = undefined;
  };
  return {
    update: (chunk) => void running().update(chunk),
    digest() {
      const digest = running().digest();
      release();
      return digest;
    },
    release,
  };
}
