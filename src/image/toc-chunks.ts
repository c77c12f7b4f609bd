import { Column } from "../bytes/column.ts";
import { TextStore } from "../bytes/text-store.ts";
import { type Digest, digestOfHash, hashOf } from "../oci/digest.ts";
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

/** The chunks of a table's files, file by file; 70 bytes of memory each. */
export class TocChunks {
  /** Of each file, its first chunk. */
  readonly #first = new Column(Uint32Array);
  readonly #start = new Column(Float64Array);
  readonly #end = new Column(Float64Array);
  readonly #inner = new Column(Float64Array);
  readonly #size = new Column(Float64Array);
  readonly #digest = new Column(Uint32Array);
  readonly #hashes = new TextStore();

  /** Adds the chunks of the next file, which must be its content without gap or overlap. Throws LAYOUT_INVALID. */
  add(size: number, parts: readonly RawEntry[]): void {
    this.#first.push(this.#start.length);
    let at = 0;
    for (const [index, part] of parts.entries()) {
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
      this.#start.push(part.offset);
      this.#end.push(isLast ? (parts[0]?.endOffset ?? 0) : 0);
      this.#inner.push(part.innerOffset);
      this.#size.push(length);
      this.#digest.push(this.#hashes.addBytes(hashOf(digest)));
    }
  }

  /** The next file has none. */
  skip(): void {
    this.#first.push(this.#start.length);
  }

  /**
   * Finds where chunks end, where the table does not say: at the next of the
   * `starts`, or at the `end` of all. Throws LAYOUT_INVALID, naming the file.
   */
  close(starts: Float64Array, end: number, nameOf: (file: number) => string): void {
    starts.sort();
    for (let file = 0; file < this.#first.length; file++) {
      const [from, to] = this.#range(file);
      for (let chunk = from; chunk < to; chunk++) {
        const start = this.#start.get(chunk);
        const ends = this.#end.get(chunk) || (firstAfter(starts, start) ?? end);
        if (start >= ends || ends > end) throw entryInvalid(nameOf(file), "its content is out of the blob");
        this.#end.set(chunk, ends);
      }
    }
  }

  of(file: number): readonly TocChunk[] {
    const [from, to] = this.#range(file);
    return Array.from({ length: to - from }, (_, index) => this.#get(from + index));
  }

  #get(chunk: number): TocChunk {
    return {
      start: this.#start.get(chunk),
      end: this.#end.get(chunk),
      inner: this.#inner.get(chunk),
      size: this.#size.get(chunk),
      digest: digestOfHash(this.#hashes.getBytes(this.#digest.get(chunk))),
    };
  }

  #range(file: number): readonly [from: number, to: number] {
    const next = file + 1 < this.#first.length ? this.#first.get(file + 1) : this.#start.length;
    return [this.#first.get(file), next];
  }
}

function firstAfter(sorted: Float64Array, value: number): number | undefined {
  let low = 0;
  for (let high = sorted.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return sorted[low];
}
