/** Byte streams: making them, reading them, and reading them whole under a limit. */
import { SealiftError } from "../error.ts";
import { giveBack, isLent } from "./loan.ts";

export type ByteStream = ReadableStream<Uint8Array>;

/** What a stream of {@link streamFrom} draws on. */
interface Source {
  next(): Promise<IteratorResult<Uint8Array>>;
  /** Ends it before its end. */
  end(reason?: unknown): Promise<void>;
  /** Lets others read on. */
  release?(): void;
}

/** Of the streams of ours that nobody has read from, and {@link TAKEN} of those that are read at their source. */
const sources = new WeakMap<ByteStream, Source>();

/** In place of a lock: a reader's costs more than most streams hold, and the first one in a process two milliseconds. */
const TAKEN: Source = { next: refuse, end: refuse };

async function refuse(): Promise<never> {
  throw new TypeError("Cannot read a stream twice: it is being read");
}

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
  const source = sourceOf(chunks, unread);
  const untaken = () => {
    if (sources.get(stream) === TAKEN) return TAKEN;
    sources.delete(stream);
    return source;
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await untaken().next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => untaken().end(reason),
    },
    { highWaterMark: 0 },
  );
  sources.set(stream, source);
  return stream;
}

function sourceOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  unread?: (reason: unknown) => unknown,
): Source {
  let iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array> | undefined;
  return {
    async next() {
      iterator ??=
        Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
      try {
        for (;;) {
          const result = await iterator.next();
          // An empty chunk would not satisfy a stream's reader, and pull is not called again without one.
          if (result.done || result.value.length > 0) return result;
        }
      } catch (error) {
        // A generator that has failed says that it is done, to who asks again.
        iterator = { next: () => Promise.reject(error) };
        throw error;
      }
    },
    async end(reason) {
      if (iterator) await iterator.return?.(reason);
      else await unread?.(reason);
    },
  };
}

/** The whole of `bytes` as a stream of one chunk. */
export function streamOf(bytes: Uint8Array): ByteStream {
  return streamFrom([bytes]);
}

/**
 * Iterates a stream's chunks; leaving the loop early cancels the stream. One of
 * ours is read at its source: the stream between would cost a piece as much as
 * its work does, and there are half a dozen between a socket and a file.
 */
export async function* chunksOf(stream: ByteStream): AsyncGenerator<Uint8Array, void, void> {
  const ours = stream.locked ? undefined : sources.get(stream);
  const source = ours ?? readerSource(stream.getReader());
  if (ours) sources.set(stream, TAKEN);
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await source.next();
      if (done) {
        finished = true;
        break;
      }
      yield value;
    }
  } catch (error) {
    finished = true;
    throw error;
  } finally {
    if (!finished) await source.end().catch(() => {});
    if (ours && ours !== TAKEN) sources.delete(stream);
    source.release?.();
  }
}

function readerSource(reader: ReadableStreamDefaultReader<Uint8Array>): Source {
  return {
    next: () => reader.read() as Promise<IteratorResult<Uint8Array>>,
    end: (reason) => reader.cancel(reason),
    release: () => reader.releaseLock(),
  };
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
  const whole = withoutRest(concat(parts, size));
  parts.forEach(giveBack);
  return whole;
}

/**
 * Reads a stream whole that fails by itself where it ends before so many bytes,
 * without anything beside them in memory. Throws a RangeError if there are more.
 */
export async function collectSized(stream: ByteStream, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of chunksOf(stream)) {
    whole.set(chunk, filled);
    filled += chunk.length;
    giveBack(chunk);
  }
  return whole;
}

/** What is kept of a stream must not keep a socket's whole buffer, of which it is a small part. */
function withoutRest(bytes: Uint8Array): Uint8Array {
  return bytes.length < bytes.buffer.byteLength / 2 ? new Uint8Array(bytes) : bytes;
}

/** Joins chunks; `size` is their total length, if known. */
export function concat(parts: readonly Uint8Array[], size?: number): Uint8Array {
  const [first] = parts;
  // What is on loan may not be kept.
  if (first && parts.length === 1) return isLent(first) ? new Uint8Array(first) : first;
  const whole = new Uint8Array(size ?? parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Whether two are the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Reads a stream to its end for its side effects; returns the byte count. */
export async function drain(stream: ByteStream): Promise<number> {
  let size = 0;
  for await (const chunk of chunksOf(stream)) {
    size += chunk.length;
    giveBack(chunk);
  }
  return size;
}
