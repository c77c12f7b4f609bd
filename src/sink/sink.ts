import type { CheckBefore } from "../bytes/files.ts";
import type { AnyManifest, Document } from "../image/image.ts";
import type { Waste } from "../image/waste.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";

/** Where images go. Each is put whole, and nothing stays of what is not committed, where the place can hide it. */
export interface Sink {
  /**
   * Puts an image, all its platforms, or an artifact there. Throws UNSUPPORTED on what the place cannot hold.
   * Only {@link namesAtOnce} takes a `check`.
   */
  put(content: AnyManifest, check?: CheckUnnamed): Promise<SinkResult>;
  /** What is put has its name with that, not with `commit`. */
  readonly namesAtOnce?: true;
  /** Makes what was put visible, where it is not yet; first `check`s it where it can be read before that. */
  commit(check?: CheckBefore): Promise<void>;
  /** Takes back what was put, where it is not visible yet. */
  abort(): Promise<void>;
  /** Takes what was committed off the place's list, as it was before; absent where others may have it by then. */
  takeBack?(): Promise<void>;
}

/** Looks at what was put, all of it but its root; what this refuses gets no name. */
export type CheckUnnamed = (unnamed: Unnamed) => Promise<void>;

/** An image of which all is at its place but the root. */
export interface Unnamed {
  /** Without its layers' outcomes. */
  readonly result: SinkResult;
  readonly root: Document<unknown>;
  /** Stores the root under its name, once; for those who want to read that back too. */
  giveName(): Promise<void>;
}

export interface SinkResult {
  /** Where the image is now, as a person would name it. */
  readonly name: string;
  /** The manifest or index, where the sink stores one. */
  readonly manifest?: Descriptor;
  /** The image's ID, where the sink stores no manifest. */
  readonly config?: Digest;
  /** Of all platforms, in their order. */
  readonly layers: readonly SinkLayer[];
  /** Bytes of the layers where they came from, if known. */
  readonly sourceSize?: number;
  /** What it was called there, where it is one of several. */
  readonly source?: string;
  /** Digests of what was attached to it and came along: signatures, SBOMs. */
  readonly attachments?: readonly Digest[];
  /** What the layers carry in vain, where the sink laid one upon the other. */
  readonly waste?: Waste;
}

export interface SinkLayer {
  /** As stored: compressed or not; of the uncompressed tar where the layer is unpacked. */
  readonly digest: Digest;
  /** Bytes, as stored. */
  readonly size: number;
  readonly outcome: "written" | "exists" | "mounted" | "uploaded" | "unpacked";
}
