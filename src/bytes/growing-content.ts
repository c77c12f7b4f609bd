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
  #taken = 0;
  /** Readers who have read all that there is. */
  readonly #waiting: (() => void)[] = [];

  constructor(slot: SpoolSlot) {
    this.#slot = slot;
  }

  /** Known once it is whole. */
  get digest(): Digest | undefined {
    return this.#digest;
  }

  /** Bytes that readers have taken so far. */
  get taken(): number {
    return this.#taken;
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
      if (position < readable) yield* this.#part(position, readable);
      else if (this.#digest) return;
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
      position = readable;
    }
  }

  async *#part(start: number, end: number): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of chunksOf(this.#slot.open(start, end))) {
      this.#taken += chunk.length;
      yield chunk;
    }
  }
}
