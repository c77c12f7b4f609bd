import type { Slices } from "../bytes/slices.ts";
import type { ByteStream } from "../bytes/stream.ts";
import type { Kernels } from "../kernel/kernels.ts";
import type { Digest } from "../oci/digest.ts";
import type { LayerEntry } from "./layer-entries.ts";

/** Of a layer's descriptor. */
export type Annotations = Readonly<Record<string, string>>;

/** How a kind of layer has its table of contents. */
export interface TocFormat {
  readonly compression: "gzip" | "zstd";
  /** What vouches for the table; without it there is none to be trusted. */
  digestOf(annotations: Annotations): string | undefined;
  /** Where in the blob the table is. Throws LAYOUT_INVALID. */
  locate(blob: Slices, annotations: Annotations): Promise<TocPlace>;
  /** The table. It, or reading it, throws LAYOUT_INVALID, DIGEST_MISMATCH, LIMIT_EXCEEDED, and as reading does. */
  unpack(packed: Slices, digest: Digest, kernels: Kernels, annotations: Annotations): Promise<UnpackedToc>;
}

/** Bytes of the blob; the layer's content ends where the table begins. */
export interface TocPlace {
  readonly start: number;
  readonly end: number;
}

export interface UnpackedToc {
  /** To be read to its end, which is where it has been checked. */
  readonly json: ByteStream;
  /** The table as a file of the layer, where it is one; it does not list itself. */
  readonly entry?: LayerEntry;
}
