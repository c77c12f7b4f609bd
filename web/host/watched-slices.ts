import type { Slices } from "../../src/bytes/slices.ts";
import { type ByteStream, chunksOf, streamFrom } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";

export interface Watch {
  /** Ends every read. */
  readonly signal: AbortSignal;
  /** Hears how many bytes each chunk brought. */
  onRead(bytes: number): void;
  /** Hears why a read failed: who looks for faults in the content takes it for one. */
  onFailure(error: unknown): void;
}

/** Slices whose reads are counted, and end when the signal aborts. */
export function watchedSlices(slices: Slices, watch: Watch): Slices {
  return { size: slices.size, slice: (start, end) => watched(slices.slice(start, end), watch) };
}

function watched(stream: ByteStream, { signal, onRead, onFailure }: Watch): ByteStream {
  async function* chunks() {
    try {
      for await (const chunk of chunksOf(stream)) {
        if (signal.aborted) throw cancelled();
        onRead(chunk.length);
        yield chunk;
      }
    } catch (error) {
      onFailure(error);
      throw error;
    }
  }
  return streamFrom(chunks(), (reason) => stream.cancel(reason));
}

/** What a cancelled job ends with. */
export function cancelled(): SealiftError {
  return new SealiftError("ABORTED", "Cannot go on: it was cancelled");
}
