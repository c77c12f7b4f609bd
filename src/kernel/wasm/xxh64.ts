import type { KernelInstance } from "./instance.ts";

/** assembly/xxh64.ts: the low 32 bits of the bytes' XXH64. */
export function wasmXxh64({ kernels, memory }: KernelInstance): (content: Uint8Array) => number {
  const input = kernels.xxh64_input.value;
  const window = kernels.xxh64_input_size.value;
  return (content) => {
    kernels.xxh64_init();
    let at = 0;
    for (; at + window <= content.length; at += window) {
      memory.set(content.subarray(at, at + window), input);
      kernels.xxh64_update();
    }
    memory.set(content.subarray(at), input);
    return kernels.xxh64_finish(content.length - at) >>> 0;
  };
}
