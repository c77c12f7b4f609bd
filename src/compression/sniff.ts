import { type ByteStream, chunksOf, concat, streamFrom } from "../bytes/stream.ts";
import type { Compression } from "../oci/media-type.ts";

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
];

/** Bytes needed to tell the compressions apart. */
const MAGIC_LENGTH = 4;

/** A stream that was looked into: `stream` still gives all of its bytes. */
export interface Sniffed {
  readonly compression: Compression;
  readonly stream: ByteStream;
}

/** zstd may begin with a frame to be skipped, as pzstd's does: 5x 2a 4d 18 (RFC 8878 §3.1.2). */
const SKIPPABLE = [0x2a, 0x4d, 0x18];

/** The compression that the first bytes of content show. */
export function compressionOf(head: Uint8Array): Compression {
  const skippable = ((head[0] ?? 0) & 0xf0) === 0x50;
  if (skippable && SKIPPABLE.every((byte, at) => head[at + 1] === byte)) return "zstd";
  for (const [compression, magic] of MAGIC) {
    if (magic.every((byte, at) => head[at] === byte)) return compression;
  }
  return "none";
}

/** Looks at a stream's first bytes without losing them. */
export async function sniffCompression(stream: ByteStream): Promise<Sniffed> {
  const chunks = chunksOf(stream);
  const parts: Uint8Array[] = [];
  let size = 0;
  while (size < MAGIC_LENGTH) {
    const { done, value } = await chunks.next();
    if (done) break;
    parts.push(value);
    size += value.length;
  }
  const head = concat(parts.map((part) => part.subarray(0, MAGIC_LENGTH)));
  return {
    compression: compressionOf(head),
    stream: streamFrom(partsThen(parts, chunks), () => chunks.return()),
  };
}

async function* partsThen(parts: readonly Uint8Array[], chunks: AsyncGenerator<Uint8Array, void, void>) {
  try {
    yield* parts;
    yield* chunks;
  } finally {
    await chunks.return();
  }
}
