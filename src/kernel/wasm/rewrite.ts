import { misuse, RewriteRefused } from "../failure.ts";
import { GZIP_LEVEL, type RewriteOptions, type Rewriter } from "../kernels.ts";
import type { InstancePool, KernelInstance } from "./instance.ts";

// assembly/rewrite.ts
const NEED_INPUT = 0;
const HAVE_CHUNK = 1;
const HAVE_SOURCE = 2;

/** assembly/rewrite.ts, in an instance of the pool that it has to itself from its first use on. */
export function wasmRewriter(pool: InstancePool, options: RewriteOptions): Rewriter {
  let instance: KernelInstance | undefined;
  let work: RewriteWork | undefined;
  let over = false;

  const release = () => {
    over = true;
    if (instance) pool.release(instance);
    instance = work = undefined;
  };

  function* run(task: (work: RewriteWork) => Iterable<Uint8Array>): Generator<Uint8Array, void, void> {
    if (over) throw misuse("a rewriter after its end");
    instance ??= pool.acquire();
    work ??= rewriteWork(instance, options);
    let finished = false;
    try {
      yield* task(work);
      finished = true;
    } finally {
      // Its place in the data is lost.
      if (!finished) release();
    }
  }

  return {
    write: (chunk) => run((work) => work.write(chunk)),
    *end() {
      yield* run((work) => work.end());
      release();
    },
    release,
  };
}

type RewriteWork = Omit<Rewriter, "release">;

/** Hands out views of the one memory in which all of it happens. */
function rewriteWork({ kernels, memory }: KernelInstance, options: RewriteOptions): RewriteWork {
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
