import type { CodecWork } from "../codec.ts";
import { GZIP_LEVEL, type GzipOptions } from "../kernels.ts";
import type { KernelInstance } from "./instance.ts";

/** assembly/gzip.ts: gathers whole chunks, since the format's chunks are not the caller's. */
export function wasmGzip({ kernels, memory }: KernelInstance, options: GzipOptions = {}): CodecWork {
  const target = kernels.deflate_chunk.value;
  const size = kernels.deflate_chunk_size.value;
  let filled = 0;

  const output = (length: number) => {
    const start = kernels.gzip_output_start();
    return memory.subarray(start, start + length);
  };

  kernels.gzip_init(options.level ?? GZIP_LEVEL);
  return {
    write(chunk, emit) {
      for (let at = 0; at < chunk.length; ) {
        // Only now is it known that the full chunk is not the last.
        if (filled === size) {
          emit(output(kernels.gzip_push()));
          filled = 0;
        }
        const part = chunk.subarray(at, at + size - filled);
        memory.set(part, target + filled);
        filled += part.length;
        at += part.length;
      }
    },
    end: (emit) => emit(output(kernels.gzip_end(filled))),
  };
}
