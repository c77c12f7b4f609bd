import { Inflate } from "fflate";
import { codecOf } from "../codec.ts";
import { type CompressedKind, gzipInvalid, gzipTruncated } from "../failure.ts";
import type { Codec, Emit, InflateOptions } from "../kernels.ts";
import { OutputLimit } from "../output-limit.ts";

/** DEFLATE expands at most 1032-fold: 17 MB at once from a slice, however large the chunk it comes from. */
const SLICE = 16 * 1024;

/**
 * What the pinned fflate keeps while inflating: it tells neither that a
 * DEFLATE stream is over nor where, and gzip needs to know both.
 */
interface InflateInternals {
  /** `f` the last block has begun, `l` a block's code is in use, `p` bits of the first byte already used. */
  readonly s: { readonly f?: number; readonly l?: unknown; readonly p?: number };
  /** Input not yet used. */
  readonly p: Uint8Array;
}

/** One DEFLATE stream that knows its end. */
export class InflateStream {
  readonly #kind: CompressedKind;
  readonly #inflate = new Inflate();
  #output = new Uint8Array();

  constructor(kind: CompressedKind) {
    this.#kind = kind;
    this.#inflate.ondata = (data) => {
      this.#output = data;
    };
  }

  /** Takes the input; once the stream is over, returns the bytes that follow it. */
  push(input: Uint8Array, emit: Emit): Uint8Array | undefined {
    for (let start = 0; start < input.length; start += SLICE) {
      // A copy, since fflate keeps what it did not use and the caller may reuse the chunk.
      const slice = input.slice(start, start + SLICE);
      try {
        this.#inflate.push(slice);
      } catch (error) {
        throw gzipInvalid(this.#kind, "its DEFLATE data is corrupt", error);
      }
      if (this.#output.length > 0) emit(this.#output);
      const unused = this.#unusedAtEnd();
      // The stream's last byte is always in this slice, so what follows it is a tail of the input.
      if (unused !== undefined) return input.subarray(start + slice.length - unused);
    }
    return undefined;
  }

  /** How many of the bytes taken lie behind the stream's end; undefined before it. */
  #unusedAtEnd(): number | undefined {
    const { s, p } = this.#inflate as unknown as InflateInternals;
    if (!s.f || s.l) return undefined;
    return s.p ? p.length - 1 : p.length;
  }
}

/** Raw DEFLATE (RFC 1951) by fflate, which checks less than it should: no NLEN, no incomplete codes. */
export function inflate(options?: InflateOptions): Codec {
  const stream = new InflateStream("deflate");
  const limit = new OutputLimit("deflate", options);
  let over = false;
  return codecOf(() => ({
    write(chunk, emit) {
      limit.consume(chunk.length);
      const produce = (view: Uint8Array) => {
        limit.produce(view.length);
        emit(view);
      };
      const rest = over ? chunk : stream.push(chunk, produce);
      if (rest && rest.length > 0) throw gzipInvalid("deflate", "data follows its end");
      over ||= rest !== undefined;
    },
    end() {
      if (!over) throw gzipTruncated("deflate");
    },
  }));
}
