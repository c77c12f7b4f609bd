import type { HashEngine } from "../shared-hash.ts";
import type { KernelInstance } from "./instance.ts";

/** assembly/sha256.ts. */
export function wasmSha256({ kernels, memory }: KernelInstance): HashEngine {
  return engine(memory, {
    input: kernels.sha256_input.value,
    window: kernels.sha256_input_size.value,
    state: kernels.sha256_state.value,
    stateSize: kernels.sha256_state_size.value,
    hash: kernels.sha256_digest_bytes.value,
    hashSize: 32,
    init: kernels.sha256_init,
    update: kernels.sha256_update,
    save: kernels.sha256_save,
    digest: kernels.sha256_digest,
  });
}

/** assembly/sha512.ts. */
export function wasmSha512({ kernels, memory }: KernelInstance): HashEngine {
  return engine(memory, {
    input: kernels.sha512_input.value,
    window: kernels.sha512_input_size.value,
    state: kernels.sha512_state.value,
    stateSize: kernels.sha512_state_size.value,
    hash: kernels.sha512_digest_bytes.value,
    hashSize: 64,
    init: kernels.sha512_init,
    update: kernels.sha512_update,
    save: kernels.sha512_save,
    digest: kernels.sha512_digest,
  });
}

/** What the two kernels have in common: addresses and sizes in bytes, and their functions. */
interface HashKernel {
  readonly input: number;
  readonly window: number;
  readonly state: number;
  readonly stateSize: number;
  readonly hash: number;
  readonly hashSize: number;
  init(): void;
  update(length: number): void;
  save(): void;
  digest(): void;
}

function engine(memory: Uint8Array, kernel: HashKernel): HashEngine {
  const { input, window, state, stateSize, hash, hashSize } = kernel;
  return {
    init: () => kernel.init(),
    load: (saved) => memory.set(saved, state),
    save() {
      kernel.save();
      return memory.slice(state, state + stateSize);
    },
    update(chunk) {
      for (let at = 0; at < chunk.length; at += window) {
        const part = chunk.subarray(at, at + window);
        memory.set(part, input);
        kernel.update(part.length);
      }
    },
    digest() {
      kernel.digest();
      return memory.slice(hash, hash + hashSize);
    },
  };
}
