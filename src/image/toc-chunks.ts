import type { Digest } from "../oci/digest.ts";
import { entryInvalid, type RawEntry } from "./toc-entry.ts";

/** A part of a file's content, compressed with nothing before it that it refers to. */
export interface TocChunk {
  /** Bytes of the blob before the gzip member or zstd frame it is in. */
  readonly start: number;
  /** Bytes of the blob up to where it has certainly ended. */
  readonly end: number;
  /** Bytes of what is decompressed from `start` on before it. */
  readonly inner: number;
  /** Bytes, decompressed. */
  readonly size: number;
  readonly digest: Digest;
}

/** The chunks of a file, which must be its content without gap or overlap. */
export function chunksOf(size: number, parts: readonly RawEntry[], ends: ChunkEnds): readonly TocChunk[] {
  let at = 0;
  return parts.map((part, index) => {
    const isLast = index === parts.length - 1;
    const digest = part.chunkDigest ?? (parts.length === 1 ? part.digest : undefined);
    // What nobody vouches for is not read by a table.
    if (!digest) throw entryInvalid(part.name, "a chunk of it has no digest");
    const length = isLast ? size - at : part.chunkSize;
    if (part.name !== parts[0]?.name || part.chunkOffset !== at || length <= 0) {
      throw entryInvalid(part.name, "its chunks do not make up its content");
    }
    if (isLast && part.chunkSize !== 0 && part.chunkSize !== length) {
      throw entryInvalid(part.name, "its chunks have another size than it has");
    }
    at += length;
    const end = ends.of(part, isLast ? (parts[0]?.endOffset ?? 0) : 0);
    return { start: part.offset, end, inner: part.innerOffset, size: length, digest };
  });
}

/** Where chunks end: a table tells where they begin. */
export class ChunkEnds {
  readonly #starts: readonly number[];
  readonly #end: number;

  /** Of entries that are not checked yet: what is no number is none's beginning. */
  constructor(entries: readonly unknown[], end: number) {
    const offsets = entries.map((entry) => (entry as { readonly offset?: unknown } | null)?.offset);
    const starts = new Set(offsets.filter((offset): offset is number => typeof offset === "number"));
    this.#starts = [...starts].sort((a, b) => a - b);
    this.#end = end;
  }

  /** `told` is what the table says itself, or 0. */
  of({ name, offset }: RawEntry, told: number): number {
    const end = told || (this.#after(offset) ?? this.#end);
    if (offset < end && end <= this.#end) return end;
    throw entryInvalid(name, "its content is out of the blob");
  }

  #after(offset: number): number | undefined {
    let low = 0;
    for (let high = this.#starts.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] as number) <= offset) low = middle + 1;
      else high = middle;
    }
    return this.#starts[low];
  }
}
