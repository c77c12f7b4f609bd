import type { CodecWork } from "../codec.ts";
import { type CompressedKind, gzipInvalid, gzipTruncated, outputLimit } from "../failure.ts";
import type { Emit, InflateOptions } from "../kernels.ts";
import type { KernelInstance } from "./instance.ts";

// assembly/status.ts
const HAVE_OUTPUT = 1;
const REASONS = [
  "", // statuses below 0 count from -1
  "a block's type is unknown",
  "a stored block's length is damaged",
  "a block's Huffman code is damaged",
  "a block has a symbol without meaning",
  "a match reaches before its beginning",
  "a member does not begin with 1f 8b",
  "a member's method is not DEFLATE",
  "a member's header has reserved flags",
  "a member's header CRC is wrong",
  "a member's CRC-32 is wrong",
  "a member's length is wrong",
  "other data follows its end",
];

/** assembly/gunzip.ts. */
export function wasmGunzip(instance: KernelInstance, options?: InflateOptions): CodecWork {
  const { gunzip_init, gunzip_push, gunzip_complete } = instance.kernels;
  gunzip_init();
  return inflating("gzip", instance, gunzip_push, gunzip_complete, options);
}

/** assembly/inflate.ts. */
export function wasmInflate(instance: KernelInstance, options?: InflateOptions): CodecWork {
  const { inflate_init, inflate_push, inflate_complete } = instance.kernels;
  inflate_init();
  return inflating("deflate", instance, inflate_push, inflate_complete, options);
}

function inflating(
  kind: CompressedKind,
  { kernels, memory }: KernelInstance,
  push: (length: number) => number,
  complete: () => number,
  { maxOutput = Number.POSITIVE_INFINITY }: InflateOptions = {},
): CodecWork {
  const input = kernels.inflate_input.value;
  const window = kernels.inflate_input_size.value;
  let produced = 0;

  const take = (emit: Emit) => {
    const length = kernels.inflate_output_length();
    if (length === 0) return;
    produced += length;
    // A bomb is stopped here, a window's length beyond the limit at most, and before that is handed out.
    if (produced > maxOutput) throw outputLimit(kind, maxOutput);
    const start = kernels.inflate_output_start();
    emit(memory.subarray(start, start + length));
  };

  const feed = (length: number, emit: Emit) => {
    let status = push(length);
    for (;;) {
      if (status < 0) throw gzipInvalid(kind, REASONS[-status] ?? `status ${status}`);
      take(emit);
      if (status !== HAVE_OUTPUT) return;
      status = push(0);
    }
  };

  return {
    write(chunk, emit) {
      for (let at = 0; at < chunk.length; at += window) {
        const part = chunk.subarray(at, at + window);
        memory.set(part, input);
        feed(part.length, emit);
      }
    },
    end() {
      if (!complete()) throw gzipTruncated(kind);
    },
  };
}
