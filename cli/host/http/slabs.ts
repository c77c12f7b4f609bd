import { FreeList } from "../../../src/bytes/free-list.ts";
import { giveBack, lend } from "../../../src/bytes/loan.ts";

/**
 * Where a socket's bytes are put. By itself it makes a buffer of 64 KiB for each
 * read, however little that has: collecting those was a fifth of a copy's work.
 */

/** The first slab: most answers are documents. */
const FIRST_SLAB = 64 * 1024;
/** In bytes; a read fills one at most, and on a fast line does: 51 MB came in 52 reads rather than 780. */
const LARGEST_SLAB = 1024 * 1024;
/** Less room than this is left unused rather than read into. */
const WORTH_A_READ = 16 * 1024;
/** Slabs that came back, whatever connection filled them: of each, one is filled while others are hashed, withheld and written. */
const spare = new FreeList<Uint8Array<ArrayBuffer>>(8);

/**
 * Memory that is filled from its begin to its end: what was put there is the
 * receiver's. The largest slabs are on loan: content comes in them, and is so
 * much that they are filled again many times.
 */
export class Slabs {
  #slab: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #filled = 0;
  #next = FIRST_SLAB;

  /** Where the next bytes may go. */
  readonly room = (): Uint8Array<ArrayBuffer> => {
    if (this.#slab.length - this.#filled < WORTH_A_READ) {
      giveBack(this.#slab.subarray(this.#filled));
      this.#slab = this.#another();
      this.#filled = 0;
      this.#next = Math.min(this.#next * 2, LARGEST_SLAB);
    }
    return this.#slab.subarray(this.#filled);
  };

  /** What is in the room now. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const { buffer, byteOffset } = this.#slab;
    const bytes = new Uint8Array(buffer, byteOffset + this.#filled, length);
    this.#filled += length;
    return bytes;
  }

  #another(): Uint8Array<ArrayBuffer> {
    // Not zeroed: only what was received is handed on.
    if (this.#next < LARGEST_SLAB) return Buffer.allocUnsafeSlow(this.#next);
    const slab = spare.take() ?? Buffer.allocUnsafeSlow(LARGEST_SLAB);
    return lend(slab, () => spare.keep(slab));
  }
}
