import { RewriteRefused } from "../failure.ts";
import { GZIP_LEVEL, type PulledCodec, type RewriteOptions } from "../kernels.ts";
import { type PulledWork, pulledCodecOf } from "../pulled-codec.ts";
import type { InstancePool, KernelInstance } from "./instance.ts";

// assembly/rewrite.ts
const NEED_INPUT = 0;
const HAVE_CHUNK = 1;
const HAVE_SOURCE = 2;

/** assembly/rewrite.ts, in an instance of the pool that it has to itself from its first use on. */
export function wasmRewriter(pool: InstancePool, options: RewriteOptions): PulledCodec {
  let instance: KernelInstance | undefined;
  return pulledCodecOf(
    () => {
      instance = pool.acquire();
      return rewriteWork(instance, options);
    },
    () => {
      if (instance) pool.release(instance);
      instance = undefined;
    },
  );
}

/** Hands out views of the one memory in which all of it happens. */
function rewriteWork({ kernels, memory }: KernelInstance, options: RewriteOptions): PulledWork {
  const { before, after, output, seconds, clamp } = options;
  const input = kernels.inflate_input.value;
  const window = kernels.inflate_input_size.value;
  const chunk = kernels.deflate_chunk.value;
  const chunkSize = kernels.deflate_chunk_size.value;
  const view = (start: number, length: number) => memory.subarray(start, start + length);

  const packed = (length: number, compress: (length: number) => number) => {
    const tar = view(chunk, length);
    after?.(tar);
    if (output === "none") return tar;
    const compressed = compress(length);
    return view(kernels.gzip_output_start(), compressed);
  };

  kernels.rewrite_init(options.input === "gzip" ? 1 : 0, seconds, clamp ? 1 : 0);
  kernels.gzip_init(GZIP_LEVEL);
  return {
    *write(bytes) {
      for (let at = 0; at < bytes.length; at += window) {
        const part = bytes.subarray(at, at + window);
        memory.set(part, input);
        let status = kernels.rewrite_push(part.length);
        for (; status !== NEED_INPUT; status = kernels.rewrite_push(0)) {
          if (status === HAVE_CHUNK) yield packed(chunkSize, kernels.gzip_push);
          else if (status !== HAVE_SOURCE) throw new RewriteRefused();
          else before?.(view(kernels.inflate_output_start(), kernels.inflate_output_length()));
        }
      }
    },
    *end() {
      const length = kernels.rewrite_end();
      if (length < 0) throw new RewriteRefused();
      yield packed(length, kernels.gzip_end);
    },
  };
}
