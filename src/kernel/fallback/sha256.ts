import type { IHasher } from "hash-wasm";
import { SHA256_STATE_SIZE } from "../sha256.ts";
import type { HashEngine } from "../shared-hash.ts";

// hash-wasm 4.13 saves 4 bytes naming its build, then the C struct: block, length, hash words, and a
// constant tail. Kept exact by the contract suite, which saves in one engine and resumes in the other.
const BLOCK = 4;
const LENGTH = BLOCK + 64;
const WORDS = LENGTH + 8;
const WORDS_END = WORDS + 32;

/** hash-wasm's SHA-256, with states in the common form. */
export function hashWasmEngine(hasher: IHasher): HashEngine {
  const template = hasher.init().save();
  return {
    init: () => void hasher.init(),
    load(state) {
      const native = template.slice();
      native.set(state.subarray(0, 32), WORDS);
      native.set(state.subarray(32, 40), LENGTH);
      native.set(state.subarray(40), BLOCK);
      hasher.load(native);
    },
    save() {
      const native = hasher.save();
      const state = new Uint8Array(SHA256_STATE_SIZE);
      state.set(native.subarray(WORDS, WORDS_END), 0);
      state.set(native.subarray(LENGTH, WORDS), 32);
      const pending = (native[LENGTH] as number) & 63;
      state.set(native.subarray(BLOCK, BLOCK + pending), 40);
      return state;
    },
    update: (chunk) => void hasher.update(chunk),
    digest: () => hasher.digest("binary"),
  };
}
