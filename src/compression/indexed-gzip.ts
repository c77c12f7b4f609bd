import type { Slices } from "../bytes/slices.ts";
import { type ByteStream, chunksOf, collect, concat, sameBytes, streamFrom } from "../bytes/stream.ts";
import { isSealiftError, SealiftError } from "../error.ts";
import type { AccessPoint, Codec, Kernels } from "../kernel/kernels.ts";
import { GUNZIP_PIECE } from "./gzip.ts";
import {
  GZIP_INDEX_FOOTER,
  GZIP_INDEX_MAGIC,
  GZIP_INDEX_PIECE,
  type GzipIndexTable,
  type GzipSpan,
  indexInvalid,
  parseIndexTable,
} from "./gzip-index.ts";
import { transcode } from "./transcode.ts";

/** A table of 64 MiB indexes a blob of a terabyte. */
const MAX_TABLE = 64 << 20;
const WINDOW_SIZE = 32 * 1024;

/** A gzip blob's content, readable from any offset. */
export interface IndexedGzip extends Slices {
  readonly blob: GzipIndexTable["blob"];
  readonly content: GzipIndexTable["content"];
}

/**
 * Opens a gzip blob's content through its index. A read fetches of the index one
 * window and of the blob the spans it touches, and hands a piece out only when its
 * digest holds. So it is verified if the index is one's own; through somebody
 * else's it is what they say. Throws GZIP_INVALID, SIZE_MISMATCH, and UNSUPPORTED
 * where the kernels cannot; a read fails with those and DIGEST_MISMATCH.
 */
export async function openIndexedGzip(index: Slices, blob: Slices, kernels: Kernels): Promise<IndexedGzip> {
  if (!kernels.gunzipFrom) {
    throw new SealiftError(
      "UNSUPPORTED",
      `Cannot read gzip by its index: ${kernels.engine} begins at the front`,
    );
  }
  const table = await readTable(index, kernels);
  if (table.blob.size !== blob.size) {
    throw new SealiftError(
      "SIZE_MISMATCH",
      `Cannot read ${table.blob.digest}: it has ${blob.size} bytes, its index is of ${table.blob.size}`,
    );
  }
  const { size } = table.content;
  return {
    blob: table.blob,
    content: table.content,
    size,
    slice: (start = 0, end = size) =>
      streamFrom(readPart({ table, index, blob, kernels }, Math.max(0, start), Math.min(end, size))),
  };
}

async function readTable(index: Slices, kernels: Kernels): Promise<GzipIndexTable> {
  const end = index.size - GZIP_INDEX_FOOTER;
  if (end < GZIP_INDEX_MAGIC.length) throw indexInvalid("it ends early");
  const footer = await readAt(index, end, GZIP_INDEX_FOOTER);
  if (!sameBytes(footer.subarray(36), GZIP_INDEX_MAGIC))
    throw indexInvalid("it has another magic or version");
  const size = new DataView(footer.buffer, footer.byteOffset).getUint32(32, true);
  if (size > MAX_TABLE || size > end - GZIP_INDEX_MAGIC.length) throw indexInvalid("its table is too long");
  const table = await readAt(index, end - size, size);
  if (!sameBytes(sha256(table, kernels), footer.subarray(0, 32))) throw indexInvalid("its table is damaged");
  try {
    return parseIndexTable(table, end - size);
  } catch (error) {
    if (isSealiftError(error, "DIGEST_INVALID")) throw indexInvalid("a digest is malformed", error);
    throw error;
  }
}

interface Reading {
  readonly table: GzipIndexTable;
  readonly index: Slices;
  readonly blob: Slices;
  readonly kernels: Kernels;
}

/** The content from `start` to `end`, piece by piece. */
async function* readPart(reading: Reading, start: number, end: number) {
  if (start >= end) return;
  const { table, blob, kernels } = reading;
  const first = spanAt(table.spans, start);
  const spans = table.spans.slice(first, spanAt(table.spans, end - 1) + 1);
  const next = table.spans[first + spans.length];
  const codec = await codecAt(spans[0] as GzipSpan, reading);
  const from = Math.floor((spans[0] as GzipSpan).position / 8);
  const packed = blob.slice(from, next ? Math.ceil(next.position / 8) : blob.size);
  const input = new ExactReader(transcode(packed, () => openEnded(codec), GUNZIP_PIECE));
  try {
    for (const { offset, size, digest } of piecesOf(spans, next?.offset ?? table.content.size)) {
      if (offset >= end) return;
      const bytes = await input.read(size);
      if (offset + size <= start) continue;
      if (!sameBytes(sha256(bytes, kernels), digest)) {
        throw new SealiftError(
          "DIGEST_MISMATCH",
          `Cannot read ${table.blob.digest}: from ${offset} on it is not what its index says`,
        );
      }
      yield bytes.subarray(Math.max(0, start - offset), end - offset);
    }
  } finally {
    await input.close();
  }
}

/** The last span that begins at `offset` or before. */
function spanAt(spans: readonly GzipSpan[], offset: number): number {
  let low = 0;
  for (let high = spans.length; high - low > 1; ) {
    const middle = (low + high) >> 1;
    if ((spans[middle] as GzipSpan).offset <= offset) low = middle;
    else high = middle;
  }
  return low;
}

function* piecesOf(spans: readonly GzipSpan[], end: number) {
  for (const [i, span] of spans.entries()) {
    const spanEnd = spans[i + 1]?.offset ?? end;
    for (const [piece, digest] of span.pieces.entries()) {
      const offset = span.offset + piece * GZIP_INDEX_PIECE;
      yield { offset, size: Math.min(GZIP_INDEX_PIECE, spanEnd - offset), digest };
    }
  }
}

async function codecAt(span: GzipSpan, reading: Reading): Promise<Codec> {
  const { kernels } = reading;
  if (span.position === 0) return kernels.gunzip();
  const { gunzipFrom } = kernels;
  const point: AccessPoint = { ...span, window: await readWindow(span, reading) };
  return (gunzipFrom as NonNullable<typeof gunzipFrom>)(point);
}

async function readWindow({ window }: GzipSpan, { index, kernels }: Reading): Promise<Uint8Array> {
  if (window.size === 0) return new Uint8Array();
  const packed = await readAt(index, window.offset, window.size);
  const codec = kernels.gunzip({ maxOutput: WINDOW_SIZE });
  const parts: Uint8Array[] = [];
  const keep = (view: Uint8Array) => void parts.push(view.slice());
  try {
    codec.write(packed, keep);
    codec.end(keep);
  } catch (error) {
    throw indexInvalid("a window is damaged", error);
  } finally {
    codec.release();
  }
  return concat(parts);
}

/** The codec without its complaint about input that ends inside the stream, as a part's does. */
function openEnded(codec: Codec): Codec {
  return { write: codec.write, end() {}, release: codec.release };
}

/** Reads so and so many bytes at a time. */
class ExactReader {
  readonly #chunks: AsyncGenerator<Uint8Array, void, void>;
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: ByteStream) {
    this.#chunks = chunksOf(stream);
  }

  async read(size: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let missing = size; missing > 0; ) {
      if (this.#rest.length === 0) this.#rest = await this.#next();
      const part = this.#rest.subarray(0, missing);
      parts.push(part);
      this.#rest = this.#rest.subarray(part.length);
      missing -= part.length;
    }
    return concat(parts, size);
  }

  async close(): Promise<void> {
    await this.#chunks.return();
  }

  async #next(): Promise<Uint8Array> {
    const { done, value } = await this.#chunks.next();
    if (done) throw indexInvalid("it promises more than the blob holds there");
    return value;
  }
}

async function readAt(slices: Slices, offset: number, size: number): Promise<Uint8Array> {
  const bytes = await collect(slices.slice(offset, offset + size), size, "gzip index");
  if (bytes.length < size) throw indexInvalid("it ends early");
  return bytes;
}

function sha256(bytes: Uint8Array, kernels: Kernels): Uint8Array {
  const hasher = kernels.hasher("sha256");
  hasher.update(bytes);
  return hasher.digest();
}
