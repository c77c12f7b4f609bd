import { FreeList } from "./free-list.ts";
import { lend } from "./loan.ts";

/** Chunks of this size make per-chunk costs vanish, and are still small enough to hold a few of. */
export const CHUNK_SIZE = 128 * 1024;

/** Chunks that came back, whoever gathered them: several are full at once where a piece is large. */
const spare = new FreeList<Uint8Array<ArrayBuffer>>(16);

/** Joins many small pieces into chunks of {@link CHUNK_SIZE} bytes, copying them. */
export class Gather {
  /** Whether the chunks are on loan, for a reader that gives back: to others a loan is memory that waits the longer. */
  readonly #lends: boolean;
  #chunk = new Uint8Array(0);
  #used = 0;
  #full: Uint8Array[] = [];

  constructor({ lends = false } = {}) {
    this.#lends = lends;
  }

  /** Copies the bytes, so a view that is about to become invalid may be given. */
  readonly add = (view: Uint8Array): void => {
    for (let offset = 0; offset < view.length; ) {
      if (this.#used === this.#chunk.length) this.#chunk = this.#another();
      const piece = view.subarray(offset, offset + CHUNK_SIZE - this.#used);
      this.#chunk.set(piece, this.#used);
      this.#used += piece.length;
      offset += piece.length;
      if (this.#used === CHUNK_SIZE) this.#finishChunk();
    }
  };

  /** The chunks that are full; they are the caller's now. */
  take(): readonly Uint8Array[] {
    const full = this.#full;
    if (full.length > 0) this.#full = [];
    return full;
  }

  /** All that is left, the last chunk as short as it is. */
  rest(): readonly Uint8Array[] {
    if (this.#used > 0) this.#finishChunk();
    return this.take();
  }

  #another(): Uint8Array<ArrayBuffer> {
    return (this.#lends ? spare.take() : undefined) ?? new Uint8Array(CHUNK_SIZE);
  }

  #finishChunk(): void {
    const chunk = this.#chunk;
    const filled = chunk.subarray(0, this.#used);
    this.#full.push(this.#lends ? lend(filled, () => spare.keep(chunk)) : filled);
    this.#chunk = new Uint8Array(0);
    this.#used = 0;
  }
}
