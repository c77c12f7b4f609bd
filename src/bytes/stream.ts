/** Byte streams: making them, reading them, and reading them whole under a limit. */
import { SealiftError } from "../error.ts";

export type ByteStream = ReadableStream<Uint8Array>;

/**
 * A stream over chunks made on demand: nothing is produced before it is asked
 * for, so memory stays at one chunk. Cancelling ends the generator; a generator
 * that was never started cannot clean up, so `unread` is called in its place
 * (a source that was never read would otherwise stay open).
 */
export function streamFrom(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  unread?: (reason: unknown) => unknown,
): ByteStream {
  let iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        iterator ??=
          Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
        for (;;) {
          const { done, value } = await iterator.next();
          if (done) return controller.close();
          // An empty chunk would not satisfy the reader, and pull is not called again without one.
          if (value.length > 0) return controller.enqueue(value);
        }
      },
      async cancel(reason) {
        if (iterator) await iterator.return?.(reason);
        else await unread?.(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The whole of `bytes` as a stream of one chunk. */
export function streamOf(bytes: Uint8Array): ByteStream {
  return streamFrom([bytes]);
}

/** Iterates a stream's chunks; leaving the loop early cancels the stream. */
export async function* chunksOf(stream: ByteStream): AsyncGenerator<Uint8Array, void, void> {
  const reader = stream.getReader();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        finished = true;
        return;
      }
      yield value;
    }
  } catch (error) {
    finished = true;
    throw error;
  } finally {
    if (!finished) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

/** Reads a stream whole. Throws LIMIT_EXCEEDED as soon as it passes `limit` bytes. */
export async function collect(stream: ByteStream, limit: number, what = "stream"): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(stream)) {
    size += chunk.length;
    if (size > limit) {
      throw new SealiftError("LIMIT_EXCEEDED", `Cannot read ${what}: it is larger than ${limit} bytes`);
    }
    parts.push(chunk);
  }
  return concat(parts, size);
}

/** Joins chunks; `size` is their total length, if known. */
export function concat(parts: readonly Uint8Array[], size?: number): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(size ?? parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Reads a stream to its end for its side effects; returns the byte count. */
export async function drain(stream: ByteStream): Promise<number> {
  let size = 0;
  for await (const chunk of chunksOf(stream)) size += chunk.length;
  return size;
}
