import type { Image } from "../image/image.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";

/** Puts an image somewhere whole, or leaves no trace. */
export type Sink = (image: Image) => Promise<SinkResult>;

export interface SinkResult {
  /** Where the image is now, as a person would name it. */
  readonly name: string;
  /** The manifest, where the sink stores one. */
  readonly manifest?: Descriptor;
  readonly layers: readonly SinkLayer[];
}

export interface SinkLayer {
  /** As stored: compressed or not. */
  readonly digest: Digest;
  /** Bytes, as stored. */
  readonly size: number;
  readonly outcome: "written" | "exists" | "mounted" | "uploaded";
}
