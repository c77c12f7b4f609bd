import { type ByteStream, chunksOf } from "../../src/bytes/stream.ts";

const CHUNK = 1024 * 1024;

/**
 * A body's chunks, each valid only until the next is asked for. Left alone,
 * workerd reads 4 KiB at a time: of 1 GB it would make 250 000 promises and as
 * many buffers, twice the time and a hundred megabytes of garbage.
 */
export function largeChunksOf(body: ByteStream): AsyncGenerator<Uint8Array, void, void> {
  const reader = byteReader(body);
  return reader ? readInto(reader) : chunksOf(body);
}

/** Undefined for a stream made in JavaScript, whose chunks are as large as they were made. */
function byteReader(body: ByteStream): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

/** Leaving the loop early cancels the stream. */
async function* readInto(reader: ReadableStreamBYOBReader): AsyncGenerator<Uint8Array, void, void> {
  let buffer = new ArrayBuffer(CHUNK);
  let ended = false;
  try {
    while (!ended) {
      const { done, value } = await reader.readAtLeast(CHUNK, new Uint8Array(buffer));
      ended = done;
      if (!value) continue;
      if (value.length > 0) yield value;
      buffer = value.buffer as ArrayBuffer;
    }
  } catch (error) {
    ended = true;
    throw error;
  } finally {
    if (!ended) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}
