import type { Slices } from "../bytes/slices.ts";
import { type ByteStream, chunksOf, collect, concat } from "../bytes/stream.ts";

/** Bytes in order, as a reader of headers asks for them. */
export interface TarInput {
  /** Bytes taken or passed over so far. */
  readonly position: number;
  /** The next `length` bytes; fewer at the end. Not to be written to. */
  take(length: number): Promise<Uint8Array>;
  /** Passes over `length` bytes, or what is left. */
  skip(length: number): Promise<void>;
}

const NOTHING = new Uint8Array(0);

/** A stream as input. Whoever leaves it before its end must `cancel` it. */
export class StreamInput implements TarInput {
  position = 0;
  readonly #chunks: AsyncGenerator<Uint8Array, void, void>;
  #chunk: Uint8Array = NOTHING;

  constructor(stream: ByteStream) {
    this.#chunks = chunksOf(stream);
  }

  async take(length: number): Promise<Uint8Array> {
    if (length <= this.#chunk.length) return this.#advance(length);
    const parts: Uint8Array[] = [];
    for (let missing = length; missing > 0; ) {
      const part = await this.next(missing);
      if (!part) break;
      parts.push(part);
      missing -= part.length;
    }
    return concat(parts);
  }

  async skip(length: number): Promise<void> {
    for (let missing = length; missing > 0; ) {
      const part = await this.next(missing);
      if (!part) return;
      missing -= part.length;
    }
  }

  /** Whatever is at hand, at least one byte and at most `limit`; undefined at the end. */
  async next(limit: number): Promise<Uint8Array | undefined> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done) return undefined;
      this.#chunk = value;
    }
    return this.#advance(limit);
  }

  /** Ends the input; a stream that was not read to its end is cancelled. */
  async cancel(): Promise<void> {
    await this.#chunks.return();
  }

  #advance(length: number): Uint8Array {
    const part = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(part.length);
    this.position += part.length;
    return part;
  }
}

/** A header and a small PAX payload: what is worth reading after a jump over a large body. */
const MIN_WINDOW = 4 * 1024;
const MAX_WINDOW = 1024 * 1024;

/**
 * Slices as input. Reads ahead in windows that grow while the headers stand
 * close together and shrink at a large body, so neither 100,000 small files
 * nor one of many GB cost more reads than they need.
 */
export class SlicesInput implements TarInput {
  position = 0;
  readonly #slices: Slices;
  #window: Uint8Array = NOTHING;
  #windowStart = 0;
  #windowSize = MIN_WINDOW;

  constructor(slices: Slices) {
    this.#slices = slices;
  }

  async take(length: number): Promise<Uint8Array> {
    const end = Math.min(this.position + length, this.#slices.size);
    if (end > this.#windowStart + this.#window.length) await this.#readWindow(end);
    const bytes = this.#window.subarray(this.position - this.#windowStart, end - this.#windowStart);
    this.position += bytes.length;
    return bytes;
  }

  async skip(length: number): Promise<void> {
    this.position = Math.min(this.position + length, this.#slices.size);
  }

  async #readWindow(atLeast: number): Promise<void> {
    const gap = this.position - (this.#windowStart + this.#window.length);
    this.#windowSize = gap <= this.#windowSize ? Math.min(this.#windowSize * 2, MAX_WINDOW) : MIN_WINDOW;
    const end = Math.min(Math.max(this.position + this.#windowSize, atLeast), this.#slices.size);
    const length = end - this.position;
    this.#window = await collect(this.#slices.slice(this.position, end), length, "tar archive");
    this.#windowStart = this.position;
  }
}
