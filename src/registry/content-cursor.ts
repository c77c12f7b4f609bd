import type { Content } from "../bytes/content.ts";
import { type ByteStream, chunksOf, streamFrom } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";

/**
 * Reads content in consecutive pieces from one stream, as chunked uploads do,
 * and opens it anew when a piece has to be sent again.
 */
export class ContentCursor {
  readonly #content: Content;
  #run: Run | undefined;
  #opening: Promise<ByteStream> | undefined;

  constructor(content: Content) {
    this.#content = content;
  }

  /** Begins to open the content, for a first piece that will be asked for; how that ends, `take` tells. */
  prepare(): void {
    if (this.#run || this.#opening) return;
    this.#opening = this.#content.open();
    this.#opening.catch(() => {});
  }

  /** The `length` bytes from `offset`; the stream fails with SIZE_MISMATCH if the content ends before. */
  async take(offset: number, length: number): Promise<ByteStream> {
    let run = this.#run;
    // A piece that was not read to its end may still be held by a broken request: leave it that stream.
    if (!run || run.busy || run.position !== offset) {
      if (run) await this.close();
      run = {
        chunks: chunksOf(await this.#open()),
        rest: new Uint8Array(),
        position: 0,
        busy: false,
      };
      this.#run = run;
      for await (const _ of this.#pieces(run, offset)) {
        // Passed over: the other side has these bytes.
      }
    }
    run.busy = true;
    return streamFrom(this.#pieces(run, length));
  }

  /** Lets go of the stream. */
  async close(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    await run?.chunks.return?.().catch(() => {});
    const unread = await this.#opened()?.catch(() => undefined);
    await unread?.cancel().catch(() => {});
  }

  #open(): Promise<ByteStream> {
    return this.#opened() ?? this.#content.open();
  }

  /** What was prepared, once. */
  #opened(): Promise<ByteStream> | undefined {
    const opening = this.#opening;
    this.#opening = undefined;
    return opening;
  }

  async *#pieces(run: Run, length: number): AsyncGenerator<Uint8Array, void, void> {
    let wanted = length;
    while (wanted > 0) {
      const chunk = run.rest.length > 0 ? run.rest : await this.#read(run);
      const piece = chunk.subarray(0, wanted);
      run.rest = chunk.subarray(piece.length);
      run.position += piece.length;
      wanted -= piece.length;
      if (wanted === 0) run.busy = false;
      yield piece;
    }
  }

  async #read(run: Run): Promise<Uint8Array> {
    const { done, value } = await run.chunks.next();
    if (!done) return value;
    throw new SealiftError(
      "SIZE_MISMATCH",
      `Cannot read ${this.#content.digest}: it has ${run.position} bytes, expected ${this.#content.size}`,
    );
  }
}

/** One opening of the content. */
interface Run {
  readonly chunks: AsyncGenerator<Uint8Array, void, void>;
  /** Read but not yet handed out. */
  rest: Uint8Array;
  position: number;
  /** A piece is being read. */
  busy: boolean;
}
