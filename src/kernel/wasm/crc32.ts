import type { Kernels } from "../kernels.ts";
import type { KernelInstance } from "./instance.ts";

/** assembly/crc32.ts. */
export function wasmCrc32({ kernels, memory }: KernelInstance): Kernels["crc32"] {
  const input = kernels.crc32_input.value;
  const window = kernels.crc32_input_size.value;
  return (chunk, crc = 0) => {
    let state = crc;
    for (let at = 0; at < chunk.length; at += window) {
      const part = chunk.subarray(at, at + window);
      memory.set(part, input);
      state = kernels.crc32_update(part.length, state);
    }
    return state >>> 0;
  };
}
