import { SHA256_STATE_SIZE, type Sha256Engine } from "../sha256.ts";
import type { KernelInstance } from "./instance.ts";

/** assembly/sha256.ts. */
export function wasmSha256({ kernels, memory }: KernelInstance): Sha256Engine {
  const input = kernels.sha256_input.value;
  const window = kernels.sha256_input_size.value;
  const state = kernels.sha256_state.value;
  const hash = kernels.sha256_digest_bytes.value;
  return {
    init: () => kernels.sha256_init(),
    load: (saved) => memory.set(saved, state),
    save() {
      kernels.sha256_save();
      return memory.slice(state, state + SHA256_STATE_SIZE);
    },
    update(chunk) {
      for (let at = 0; at < chunk.length; at += window) {
        const part = chunk.subarray(at, at + window);
        memory.set(part, input);
        kernels.sha256_update(part.length);
      }
    },
    digest() {
      kernels.sha256_digest();
      return memory.slice(hash, hash + 32);
    },
  };
}
