import { codecOf } from "../codec.ts";
import { gzipInvalid, gzipTruncated } from "../failure.ts";
import type { Codec, Emit, InflateOptions } from "../kernels.ts";
import { OutputLimit } from "../output-limit.ts";
import { crc32 } from "./crc32.ts";
import { InflateStream } from "./inflate.ts";

const FLAG_HCRC = 2;
const FLAG_EXTRA = 4;
const FLAG_NAME = 8;
const FLAG_COMMENT = 16;
const FLAGS_RESERVED = 0xe0;

/** Reads gzip members one after the other (RFC 1952 §2.2). */
export function gunzip(options?: InflateOptions): Codec {
  return codecOf(() => {
    const reader = new MemberReader(options);
    return {
      write: (chunk, emit) => reader.push(chunk, emit),
      end() {
        if (!reader.complete) throw gzipTruncated("gzip");
      },
    };
  });
}

/** What is read of a member; each generator takes one byte per `yield`. */
type ByteParser = Generator<undefined, void, number>;

class MemberReader {
  readonly #limit: OutputLimit;
  #stream: InflateStream | undefined;
  /** What reads the bytes outside the DEFLATE data. */
  #parser: ByteParser;
  #crc = 0;
  #size = 0;
  /** True where the input may end: after a member, and in the padding. */
  complete = false;

  constructor(options: InflateOptions | undefined) {
    this.#limit = new OutputLimit("gzip", options);
    this.#parser = this.#member();
    this.#parser.next();
  }

  push(chunk: Uint8Array, emit: Emit): void {
    this.#limit.consume(chunk.length);
    let rest: Uint8Array | undefined = chunk;
    while (rest && rest.length > 0) {
      if (!this.#stream) {
        this.#parser.next(rest[0] as number);
        rest = rest.subarray(1);
        continue;
      }
      rest = this.#stream.push(rest, (view) => this.#produce(view, emit));
      if (rest) this.#stream = undefined;
    }
  }

  #produce(view: Uint8Array, emit: Emit): void {
    this.#limit.produce(view.length);
    this.#crc = crc32(view, this.#crc);
    this.#size += view.length;
    emit(view);
  }

  *#member(): ByteParser {
    for (let first = yield; ; first = yield) {
      if (first !== 0x1f) return yield* this.#padding(first);
      this.complete = false;
      yield* this.#header();
      yield* this.#trailer();
      this.complete = true;
    }
  }

  /** GNU gzip ignores zeros behind the last member, as tapes and block devices leave them; so do we. */
  *#padding(first: number): ByteParser {
    if (!this.complete) throw gzipInvalid("gzip", "it does not begin with 1f 8b");
    for (let byte = first; ; byte = yield) {
      if (byte !== 0) throw gzipInvalid("gzip", "other data follows its end");
    }
  }

  /** RFC 1952 §2.3, after the first magic byte. */
  *#header(): ByteParser {
    let crc = crc32(Uint8Array.of(0x1f));
    const next = function* (): Generator<undefined, number, number> {
      const byte = yield;
      crc = crc32(Uint8Array.of(byte), crc);
      return byte;
    };
    if ((yield* next()) !== 0x8b) throw gzipInvalid("gzip", "a member does not begin with 1f 8b");
    if ((yield* next()) !== 8) throw gzipInvalid("gzip", "a member's method is not DEFLATE");
    const flags = yield* next();
    if (flags & FLAGS_RESERVED) throw gzipInvalid("gzip", "a member's header has reserved flags");
    for (let i = 0; i < 6; i++) yield* next();
    if (flags & FLAG_EXTRA) {
      const length = (yield* next()) + 256 * (yield* next());
      for (let i = 0; i < length; i++) yield* next();
    }
    if (flags & FLAG_NAME) while (yield* next());
    if (flags & FLAG_COMMENT) while (yield* next());
    if (flags & FLAG_HCRC) {
      const expected = crc & 0xffff;
      if ((yield) + 256 * (yield) !== expected) throw gzipInvalid("gzip", "a member's header CRC is wrong");
    }
  }

  /** RFC 1952 §2.3.1: CRC32 and ISIZE of what was produced. */
  *#trailer(): ByteParser {
    this.#crc = 0;
    this.#size = 0;
    this.#stream = new InflateStream("gzip");
    // The next byte given to this parser is the first behind the DEFLATE data.
    const u32 = function* (): Generator<undefined, number, number> {
      return (yield) + 0x100 * (yield) + 0x10000 * (yield) + 0x1000000 * (yield);
    };
    if ((yield* u32()) !== this.#crc) throw gzipInvalid("gzip", "a member's CRC-32 is wrong");
    if ((yield* u32()) !== this.#size % 2 ** 32) throw gzipInvalid("gzip", "a member's length is wrong");
  }
}
