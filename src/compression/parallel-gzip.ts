/**
 * gzip by a worker pool. The chunks of the format (assembly/gzip.ts) depend on
 * nothing but themselves and the 32 KiB before them, so they are compressed
 * anywhere and joined here: the bytes are those of the kernels' own codec.
 */
import { FreeList } from "../bytes/free-list.ts";
import { Gather } from "../bytes/gather.ts";
import { giveBack } from "../bytes/loan.ts";
import { type ByteStream, chunksOf } from "../bytes/stream.ts";
import { GZIP_HEADER, gzipTrailer } from "../kernel/gzip-member.ts";
import type { JobInput } from "../kernel/jobs.ts";
import { GZIP_CHUNK_SIZE, GZIP_DICTIONARY_SIZE, type GzipLevel, type Kernels } from "../kernel/kernels.ts";
import type { JobLine, Pool } from "../kernel/pool.ts";
import { inOrder, pooledStream } from "./pooled-stream.ts";

/** Buffers of chunks that are compressed, for the next ones, of whatever stream: an image has many small layers. */
const spare = new FreeList<ArrayBuffer>(8);

/** As `gzip`, with the pool's workers. */
export function parallelGzip(stream: ByteStream, kernels: Kernels, pool: Pool, level: GzipLevel): ByteStream {
  const line = pool.open("deflate");
  return pooledStream(stream, line, member(stream, kernels, line, level));
}

async function* member(stream: ByteStream, kernels: Kernels, line: JobLine<"deflate">, level: GzipLevel) {
  const output = new Gather({ lends: true });
  let crc = 0;
  let size = 0;

  output.add(GZIP_HEADER);
  for await (const chunk of inOrder(line, deflateChunks(stream, level))) {
    output.add(chunk.bytes);
    spare.keep(chunk.bytes.buffer);
    crc = kernels.combineCrc32(crc, chunk.crc, chunk.length);
    size += chunk.length;
    yield* output.take();
  }
  output.add(gzipTrailer(crc, size));
  yield* output.rest();
}

/** The stream in the format's chunks, each with its dictionary before it in a buffer of its own. */
async function* deflateChunks(
  stream: ByteStream,
  level: GzipLevel,
): AsyncGenerator<JobInput<"deflate">, void, void> {
  const carried = new Uint8Array(GZIP_DICTIONARY_SIZE);
  let dictionary = 0;
  let filled = 0;
  let buffer: Uint8Array<ArrayBuffer> | undefined;

  const begin = () => {
    const begun = new Uint8Array(spare.take() ?? new ArrayBuffer(GZIP_DICTIONARY_SIZE + GZIP_CHUNK_SIZE));
    begun.set(carried);
    return begun;
  };
  const finish = (from: Uint8Array<ArrayBuffer>, last: boolean) => {
    const bytes = from.subarray(GZIP_DICTIONARY_SIZE - dictionary, GZIP_DICTIONARY_SIZE + filled);
    carried.set(bytes.subarray(Math.max(0, bytes.length - GZIP_DICTIONARY_SIZE)));
    const chunk = { level, bytes, dictionary, last };
    dictionary = GZIP_DICTIONARY_SIZE;
    filled = 0;
    buffer = undefined;
    return chunk;
  };

  for await (const chunk of chunksOf(stream)) {
    for (let at = 0; at < chunk.length; ) {
      // Only now is it known that the full chunk is not the last.
      if (buffer && filled === GZIP_CHUNK_SIZE) yield finish(buffer, false);
      buffer ??= begin();
      const part = chunk.subarray(at, at + GZIP_CHUNK_SIZE - filled);
      buffer.set(part, GZIP_DICTIONARY_SIZE + filled);
      filled += part.length;
      at += part.length;
    }
    giveBack(chunk);
  }
  yield finish(buffer ?? begin(), true);
}
