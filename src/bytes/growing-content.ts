import type { Digest } from "../oci/digest.ts";
import type { SpoolSlot } from "./spool.ts";
import { type ByteStream, chunksOf, streamFrom } from "./stream.ts";

/** Who reads content while it is still being made. */
export interface EarlyReader {
  /** Bytes that must be there first: for less it is not worth it. */
  readonly from: number;
  /** Called once, when they are. */
  begin(content: GrowingContent): void;
}

/**
 * Content that is still being written into the spool. It is read from there,
 * behind the writer: a reader that is slower costs no memory, and does not hold
 * up the writer.
 */
export class GrowingContent {
  readonly #slot: SpoolSlot;
  #failure: { readonly error: unknown } | undefined;
  #digest: Digest | undefined;
  /** Readers who have read all that there is. */
  readonly #waiting: (() => void)[] = [];

  constructor(slot: SpoolSlot) {
    this.#slot = slot;
  }

  /** Known once it is whole. */
  get digest(): Digest | undefined {
    return this.#digest;
  }

  /** From the start on; fails where the writing does. May be opened again. */
  open(): ByteStream {
    return streamFrom(this.#behindWriter());
  }

  /** There is more of it. */
  grown(): void {
    for (const goOn of this.#waiting.splice(0)) goOn();
  }

  /** All is there. */
  end(digest: Digest): void {
    this.#digest = digest;
    this.grown();
  }

  /** No more will come. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.grown();
  }

  async *#behindWriter(): AsyncGenerator<Uint8Array, void, void> {
    for (let position = 0; ; ) {
      if (this.#failure) throw this.#failure.error;
      const readable = this.#slot.readable();
      if (position < readable) yield* chunksOf(this.#slot.open(position, readable));
      else if (this.#digest) return;
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
      position = readable;
    }
  }
}
