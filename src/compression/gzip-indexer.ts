import type { Content } from "../bytes/content.ts";
import { Gather } from "../bytes/gather.ts";
import { giveBack } from "../bytes/loan.ts";
import type { IndexSink } from "../bytes/piece-index.ts";
import { type ByteStream, chunksOf, drain, streamFrom } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { SealiftError } from "../error.ts";
import type { AccessPoint, Codec, Hasher, Kernels } from "../kernel/kernels.ts";
import type { Digest } from "../oci/digest.ts";
import { GUNZIP_PIECE } from "./gzip.ts";
import {
  encodeIndexTable,
  GZIP_INDEX_FOOTER,
  GZIP_INDEX_MAGIC,
  GZIP_INDEX_PIECE,
  type GzipSpan,
} from "./gzip-index.ts";

/** What the index is of. */
export interface Indexed {
  readonly blob: { readonly digest: Digest; readonly size: number };
  readonly diffId: Digest;
}

export interface IndexOptions {
  /** Bytes of content from one access point to the next, at least; 1 MiB if absent. */
  readonly spacing?: number;
}

/** At this the index is 3 to 4 % of the blob (measured), and a read decompresses half a span more than it needs. */
const SPACING = 1 << 20;

/**
 * Makes the index of a gzip blob in one pass over it. Fails as reading does, also
 * where the content is not the diff_id's; the sink is then to be thrown away.
 */
export async function indexGzip(
  blob: Content,
  diffId: Digest,
  sink: IndexSink,
  kernels: Kernels,
  options?: IndexOptions,
): Promise<void> {
  const content = gunzipIndexing(await blob.open(), { blob, diffId }, sink, kernels, options);
  await drain(verified(content, { digest: diffId }, kernels));
}

/**
 * Decompresses gzip and on the way writes its index, complete when the stream ends.
 * The caller verifies both, the blob before and the content behind: the index is
 * worth as much as that. Fails with UNSUPPORTED where the kernels find no access
 * points, else as `gunzip` does.
 */
export function gunzipIndexing(
  stream: ByteStream,
  about: Indexed,
  sink: IndexSink,
  kernels: Kernels,
  options: IndexOptions = {},
): ByteStream {
  const indexing = indexedChunks(stream, about, sink, kernels, options.spacing ?? SPACING);
  return streamFrom(indexing, (reason) => stream.cancel(reason));
}

async function* indexedChunks(
  stream: ByteStream,
  about: Indexed,
  sink: IndexSink,
  kernels: Kernels,
  spacing: number,
) {
  const file = new IndexFile(kernels);
  const spans = new Spans(kernels, file);
  const codec = codecWithPoints(kernels, spacing, (point) => spans.begin(point));
  const output = new Gather();
  const emit = (view: Uint8Array) => {
    spans.add(view);
    output.add(view);
  };
  try {
    for await (const chunk of chunksOf(stream)) {
      for (let at = 0; at < chunk.length; at += GUNZIP_PIECE) {
        codec.write(chunk.subarray(at, at + GUNZIP_PIECE), emit);
        for (const part of file.take()) await sink.write(part);
        yield* output.take();
      }
      giveBack(chunk);
    }
    codec.end(emit);
    file.end(about, spans.end());
    for (const part of file.take()) await sink.write(part);
    yield* output.rest();
  } finally {
    codec.release();
    spans.release();
  }
}

function codecWithPoints(kernels: Kernels, spacing: number, report: (point: AccessPoint) => void): Codec {
  if (kernels.gunzipWithPoints) return kernels.gunzipWithPoints({ spacing, report });
  throw new SealiftError("UNSUPPORTED", `Cannot index gzip: ${kernels.engine} finds no access points`);
}

/** The spans as they are found, and the hashes of their pieces. */
class Spans {
  readonly #kernels: Kernels;
  readonly #file: IndexFile;
  readonly #spans: (Omit<GzipSpan, "pieces"> & { readonly pieces: Uint8Array[] })[] = [];
  #hasher: Hasher | undefined;
  /** Bytes in the piece begun. */
  #filled = 0;
  #size = 0;

  constructor(kernels: Kernels, file: IndexFile) {
    this.#kernels = kernels;
    this.#file = file;
    const window = { offset: 0, size: 0 };
    this.#spans.push({ position: 0, offset: 0, crc: 0, length: 0, window, pieces: [] });
  }

  begin({ position, offset, crc, length, window }: AccessPoint): void {
    this.#endPiece();
    this.#spans.push({ position, offset, crc, length, window: this.#file.addWindow(window), pieces: [] });
  }

  add(view: Uint8Array): void {
    for (let at = 0; at < view.length; ) {
      const part = view.subarray(at, at + GZIP_INDEX_PIECE - this.#filled);
      this.#hasher ??= this.#kernels.hasher("sha256");
      this.#hasher.update(part);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === GZIP_INDEX_PIECE) this.#endPiece();
    }
    this.#size += view.length;
  }

  end(): { readonly spans: readonly GzipSpan[]; readonly size: number } {
    this.#endPiece();
    // A point with nothing but empty blocks behind it is no span.
    const spans = this.#spans.filter(({ offset }, i) => i === 0 || offset < this.#size);
    return { spans, size: this.#size };
  }

  release(): void {
    this.#hasher?.release();
  }

  #endPiece(): void {
    if (!this.#hasher) return;
    this.#spans.at(-1)?.pieces.push(this.#hasher.digest());
    this.#hasher = undefined;
    this.#filled = 0;
  }
}

/** The side file's bytes, until they are taken. */
class IndexFile {
  readonly #kernels: Kernels;
  #parts: Uint8Array[] = [GZIP_INDEX_MAGIC];
  #size = GZIP_INDEX_MAGIC.length;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  addWindow(window: Uint8Array): GzipSpan["window"] {
    if (window.length === 0) return { offset: 0, size: 0 };
    const offset = this.#size;
    const codec = this.#kernels.gzip({ level: 1 });
    try {
      codec.write(window, (view) => this.#add(view.slice()));
      codec.end((view) => this.#add(view.slice()));
    } finally {
      codec.release();
    }
    return { offset, size: this.#size - offset };
  }

  end({ blob, diffId }: Indexed, { spans, size }: ReturnType<Spans["end"]>): void {
    const table = encodeIndexTable({ blob, content: { digest: diffId, size }, spans });
    const hasher = this.#kernels.hasher("sha256");
    hasher.update(table);
    const footer = new Uint8Array(GZIP_INDEX_FOOTER);
    footer.set(hasher.digest());
    new DataView(footer.buffer).setUint32(32, table.length, true);
    footer.set(GZIP_INDEX_MAGIC, 36);
    this.#add(table);
    this.#add(footer);
  }

  take(): readonly Uint8Array[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  #add(part: Uint8Array): void {
    this.#parts.push(part);
    this.#size += part.length;
  }
}
