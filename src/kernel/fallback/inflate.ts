import { Inflate, Z_SYNC_FLUSH } from "pako";
import { codecOf } from "../codec.ts";
import { type CompressedKind, gzipInvalid, gzipTruncated } from "../failure.ts";
import type { Codec, Emit, InflateOptions } from "../kernels.ts";
import { OutputLimit } from "../output-limit.ts";

/** One DEFLATE stream that knows its end. */
export class InflateStream {
  readonly #kind: CompressedKind;
  readonly #inflate = new Inflate({ raw: true });
  /** Bytes of the last input that were not used. */
  #unused = () => 0;

  constructor(kind: CompressedKind) {
    this.#kind = kind;
    this.#inflate.onStart = (stream) => {
      this.#unused = () => stream.avail_in;
    };
  }

  /** Takes the input; once the stream is over, returns the bytes that follow it. */
  push(input: Uint8Array, emit: Emit): Uint8Array | undefined {
    this.#inflate.onData = emit;
    if (!this.#inflate.push(input, Z_SYNC_FLUSH)) {
      throw gzipInvalid(this.#kind, `its DEFLATE data is corrupt: ${this.#inflate.msg}`);
    }
    return this.#inflate.ended ? input.subarray(input.length - this.#unused()) : undefined;
  }
}

/** Raw DEFLATE (RFC 1951) by pako. */
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
