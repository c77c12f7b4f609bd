import type { ByteStream } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";
import { largeChunksOf } from "./r2-store-chunks.ts";

const MIB = 1024 * 1024;

/** R2 takes no object of unknown length: this much is collected first. Uploads share a worker's 128 MB. */
const COLLECTED = 8 * MIB;

/**
 * Of a known length, bytes go straight through, in memory of no size. R2 takes
 * 5 GiB at once; at this a broken upload loses little, and a layer is few objects.
 */
const STREAMED = 64 * MIB;

/** Stores the next segment, of exactly `size` bytes. */
export type StoreSegment = (size: number, chunks: Chunks) => Promise<void>;
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Reads a body as segments, one after the other. Of one that breaks, what was
 * collected is stored all the same; of one that is streamed, the segments before.
 */
export function receive(body: ByteStream, length: number | undefined, store: StoreSegment): Promise<void> {
  return length !== undefined && length > COLLECTED
    ? receiveStreamed(body, length, store)
    : receiveCollected(body, length || COLLECTED, store);
}

async function receiveCollected(body: ByteStream, capacity: number, store: StoreSegment): Promise<void> {
  let buffer: Uint8Array | undefined;
  let filled = 0;
  const flush = async () => {
    const size = filled;
    filled = 0;
    if (size > 0 && buffer) await store(size, [buffer.subarray(0, size)]);
  };
  try {
    for await (const chunk of largeChunksOf(body)) {
      buffer ??= new Uint8Array(capacity);
      for (let taken = 0; taken < chunk.length; ) {
        if (filled === capacity) await flush();
        const part = chunk.subarray(taken, taken + capacity - filled);
        buffer.set(part, filled);
        filled += part.length;
        taken += part.length;
      }
    }
  } finally {
    await flush();
  }
}

async function receiveStreamed(body: ByteStream, length: number, store: StoreSegment): Promise<void> {
  const chunks = largeChunksOf(body);
  let rest: Uint8Array = new Uint8Array();
  async function* take(size: number): AsyncGenerator<Uint8Array> {
    for (let missing = size; missing > 0; ) {
      if (rest.length === 0) rest = await next(chunks);
      const part = rest.subarray(0, missing);
      rest = rest.subarray(part.length);
      missing -= part.length;
      yield part;
    }
  }
  try {
    for (let left = length; left > 0; left -= STREAMED) {
      const size = Math.min(left, STREAMED);
      await store(size, take(size));
    }
  } finally {
    await chunks.return();
  }
}

async function next(chunks: AsyncGenerator<Uint8Array, void, void>): Promise<Uint8Array> {
  const { done, value } = await chunks.next();
  if (!done) return value;
  throw new SealiftError("SIZE_MISMATCH", "Cannot append: the body is shorter than its stated length");
}
