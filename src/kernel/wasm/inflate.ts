import type { SealiftError } from "../../error.ts";
import type { CodecWork } from "../codec.ts";
import { type CompressedKind, gzipInvalid, gzipTruncated, misuse } from "../failure.ts";
import type { AccessPoint, AccessPoints, Emit, InflateOptions } from "../kernels.ts";
import { OutputLimit } from "../output-limit.ts";
import type { KernelInstance } from "./instance.ts";

// assembly/status.ts
const HAVE_OUTPUT = 1;
const AT_BLOCK = 3;
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
  instance.kernels.gunzip_init();
  return gunzipping(instance, options);
}

/** The same, with access points on the way. */
export function wasmGunzipWithPoints(
  instance: KernelInstance,
  points: AccessPoints,
  options?: InflateOptions,
): CodecWork {
  instance.kernels.gunzip_init();
  return gunzipping(instance, options, points);
}

/** From RFC 1951 §3.2.5: the farthest distance. */
const WINDOW_SIZE = 32 * 1024;

/** The same, from an access point on. */
export function wasmGunzipFrom(
  instance: KernelInstance,
  { position, window, crc, length }: AccessPoint,
  options?: InflateOptions,
): CodecWork {
  if (window.length > WINDOW_SIZE) throw misuse(`an access point with a window of ${window.length} bytes`);
  const { kernels, memory } = instance;
  const used = position % 8;
  const resume = (unread: number, bits: number) =>
    kernels.gunzip_resume(window.length, unread, bits, crc, length);
  memory.set(window, kernels.inflate_history.value);
  resume(0, 0);
  const { write, end } = gunzipping(instance, options);
  let begun = used === 0;
  return {
    write(chunk, emit) {
      if (begun || chunk.length === 0) return write(chunk, emit);
      begun = true;
      resume((chunk[0] as number) >> used, 8 - used);
      write(chunk.subarray(1), emit);
    },
    end,
  };
}

/** assembly/inflate.ts. */
export function wasmInflate(instance: KernelInstance, options?: InflateOptions): CodecWork {
  const { inflate_init, inflate_push, inflate_complete } = instance.kernels;
  inflate_init();
  return inflating("deflate", instance, inflate_push, inflate_complete, options);
}

function gunzipping(instance: KernelInstance, options?: InflateOptions, points?: AccessPoints): CodecWork {
  const { gunzip_push, gunzip_complete } = instance.kernels;
  return inflating("gzip", instance, gunzip_push, gunzip_complete, options, points);
}

function inflating(
  kind: CompressedKind,
  { kernels, memory }: KernelInstance,
  push: (length: number) => number,
  complete: () => number,
  options?: InflateOptions,
  points?: AccessPoints,
): CodecWork {
  const input = kernels.inflate_input.value;
  const window = kernels.inflate_input_size.value;
  const limit = new OutputLimit(kind, options);
  let consumed = 0;
  let nextPoint = points?.spacing ?? Number.POSITIVE_INFINITY;

  const take = (emit: Emit) => {
    const length = kernels.inflate_output_length();
    if (length === 0) return;
    // A bomb is stopped here, a window's length beyond the limit at most, and before that is handed out.
    limit.produce(length);
    const start = kernels.inflate_output_start();
    emit(memory.subarray(start, start + length));
  };

  const report = ({ spacing, report }: AccessPoints) => {
    nextPoint = limit.produced + spacing;
    const start = kernels.inflate_history_start();
    report({
      position: consumed * 8 - kernels.inflate_unread_bits(),
      offset: limit.produced,
      window: memory.subarray(start, start + kernels.inflate_history_length()),
      crc: kernels.gunzip_member_crc() >>> 0,
      length: kernels.gunzip_member_length() >>> 0,
    });
  };

  const feed = (length: number, emit: Emit) => {
    let status = push(length);
    for (;;) {
      if (status < 0) throw invalid(kind, status);
      take(emit);
      if (status === AT_BLOCK && points) report(points);
      else if (limit.produced >= nextPoint) kernels.inflate_stop_at_block();
      if (status !== HAVE_OUTPUT && status !== AT_BLOCK) return;
      status = push(0);
    }
  };

  return {
    write(chunk, emit) {
      for (let at = 0; at < chunk.length; at += window) {
        const part = chunk.subarray(at, at + window);
        memory.set(part, input);
        consumed += part.length;
        limit.consume(part.length);
        feed(part.length, emit);
      }
    },
    end() {
      if (!complete()) throw gzipTruncated(kind);
    },
  };
}

/** The error of a status below 0. */
export function invalid(kind: CompressedKind, status: number): SealiftError {
  return gzipInvalid(kind, REASONS[-status] ?? `status ${status}`);
}
