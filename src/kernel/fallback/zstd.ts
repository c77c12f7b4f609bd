import { withoutZstd } from "../failure.ts";
import type { ZstdKernel } from "../kernels.ts";

/** Neither read nor written: no JavaScript library checks what frames state. */
export const zstd: ZstdKernel = {
  async decoder() {
    throw withoutZstd("decompress");
  },
  async encoder() {
    throw withoutZstd("compress to");
  },
};
