/**
 * The index of a gzip blob: places where reading can be taken up, so that any part
 * of the uncompressed content is read from the compressed bytes around it alone.
 * That a DEFLATE stream can be entered at a block's beginning, given the 32 KiB of
 * output before it, is Mark Adler's idea (zlib's examples/zran.c); that the blob
 * stays the gzip it is, with the index beside it, AWS's soci-snapshotter's.
 *
 * A span is the content from one access point to the next. Its pieces have their
 * SHA-256 here, made while the whole blob was verified: what is read through the
 * index is as trustworthy as the index.
 *
 * The side file, integers little-endian, is made from front to back and read from
 * its end, then at the one window that is needed:
 *
 *   magic      8   "SLGZIDX", then the version, 1
 *   windows        each span's, as gzip; any order, found through the table
 *   table:
 *     blob         u8 length and text of its digest, u64 its size
 *     content      u8 length and text of the diff_id, u64 its size
 *     spans        u32 count, then of each:
 *                    u64 position: bits of the blob before its block
 *                    u64 offset: bytes of the content before it
 *                    u32 CRC-32 and u32 length (mod 2^32) of its gzip member so far
 *                    u64 offset in this file and u32 length of its window; 0 and 0 for none
 *     pieces       32 bytes SHA-256 of each piece: a span's every 2 MiB, and its rest
 *   footer:
 *     digest    32   SHA-256 of the table
 *     length     4   u32, of the table
 *     magic      8   as above
 */
import { SealiftError } from "../error.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";

export const GZIP_INDEX_MAGIC = Uint8Array.from([..."SLGZIDX"].map((c) => c.charCodeAt(0)).concat(1));
/** Bytes of content that one digest vouches for: what a reader withholds until it holds. */
export const GZIP_INDEX_PIECE = 2 << 20;
export const GZIP_INDEX_FOOTER = 32 + 4 + GZIP_INDEX_MAGIC.length;

/** 32 KiB that do not compress, and what gzip puts around them. */
const MAX_WINDOW = 33 * 1024;
const SPAN_RECORD = 8 + 8 + 4 + 4 + 8 + 4;
const HASH = 32;

export interface GzipIndexTable {
  readonly blob: { readonly digest: Digest; readonly size: number };
  /** What it is without its compression. */
  readonly content: { readonly digest: Digest; readonly size: number };
  /** In the content's order; the first begins where the blob does. */
  readonly spans: readonly GzipSpan[];
}

/** The content from an access point to the next; numbers as in `AccessPoint`. */
export interface GzipSpan {
  readonly position: number;
  readonly offset: number;
  readonly crc: number;
  readonly length: number;
  /** Where its window is in the side file. */
  readonly window: { readonly offset: number; readonly size: number };
  /** The SHA-256 of its pieces. */
  readonly pieces: readonly Uint8Array[];
}

export function encodeIndexTable({ blob, content, spans }: GzipIndexTable): Uint8Array {
  const fields: number[] = [];
  const number = (value: number, bytes: number) => {
    for (let i = 0, rest = value; i < bytes; i++, rest = Math.floor(rest / 256)) fields.push(rest % 256);
  };
  for (const { digest, size } of [blob, content]) {
    number(digest.length, 1);
    fields.push(...new TextEncoder().encode(digest));
    number(size, 8);
  }
  number(spans.length, 4);
  for (const span of spans) {
    number(span.position, 8);
    number(span.offset, 8);
    number(span.crc, 4);
    number(span.length, 4);
    number(span.window.offset, 8);
    number(span.window.size, 4);
  }
  for (const piece of spans.flatMap(({ pieces }) => pieces)) fields.push(...piece);
  return Uint8Array.from(fields);
}

/**
 * Reads a table that has its digest: every number is checked all the same, since
 * whoever made the file made the digest too. `start` is where the table is in the
 * file. Throws GZIP_INVALID.
 */
export function parseIndexTable(table: Uint8Array, start: number): GzipIndexTable {
  const fields = new Fields(table);
  const about = () => ({ digest: fields.digest(), size: fields.number(8) });
  const blob = about();
  const content = about();
  const count = fields.number(4);
  if (count === 0 || count > fields.left / SPAN_RECORD) throw indexInvalid("its spans are not all there");
  const records = Array.from({ length: count }, () => ({
    position: fields.number(8),
    offset: fields.number(8),
    crc: fields.number(4),
    length: fields.number(4),
    window: { offset: fields.number(8), size: fields.number(4) },
  }));
  const spans = records.map((record, i) => {
    const next = records[i + 1] ?? { position: blob.size * 8, offset: content.size };
    const size = next.offset - record.offset;
    const isOrdered = record.position < next.position && (size > 0 || count === 1);
    if (!isOrdered || (i === 0 && (record.position !== 0 || record.offset !== 0))) {
      throw indexInvalid("its spans are out of order");
    }
    const { offset, size: packed } = record.window;
    if (packed > MAX_WINDOW || offset + packed > start) throw indexInvalid("a window is out of its place");
    const pieces = Math.ceil(size / GZIP_INDEX_PIECE);
    if (pieces > fields.left / HASH) throw indexInvalid("its digests are not all there");
    return { ...record, pieces: Array.from({ length: pieces }, () => fields.bytes(HASH)) };
  });
  if (fields.left !== 0) throw indexInvalid("it is longer than its spans");
  return { blob, content, spans };
}

export function indexInvalid(reason: string, cause?: unknown): SealiftError {
  return new SealiftError("GZIP_INVALID", `Cannot read gzip index: ${reason}`, { cause });
}

/** A table's fields, one after the other. */
class Fields {
  readonly #table: Uint8Array;
  #at = 0;

  constructor(table: Uint8Array) {
    this.#table = table;
  }

  get left(): number {
    return this.#table.length - this.#at;
  }

  bytes(count: number): Uint8Array {
    if (count > this.left) throw indexInvalid("it ends early");
    this.#at += count;
    return this.#table.subarray(this.#at - count, this.#at);
  }

  number(bytes: number): number {
    const value = this.bytes(bytes).reduceRight((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value * 8)) throw indexInvalid("a number is too large");
    return value;
  }

  digest(): Digest {
    return parseDigest(new TextDecoder().decode(this.bytes(this.number(1))));
  }
}
