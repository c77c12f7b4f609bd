import type { Content } from "../bytes/content.ts";
import type { Slices } from "../bytes/slices.ts";
import type { ByteStream } from "../bytes/stream.ts";
import type { ImageConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { ImageIndex } from "../oci/image-index.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Destination } from "./destination.ts";

/** What a manifest is called where it comes from. */
export interface Named {
  /** What to call it where a name is kept: `registry/repository:tag`, if known. */
  readonly name?: string;
  /** Its ref.name in the layout it came from: often a tag alone. */
  readonly ref?: string;
}

/** What may be attached to a manifest by others: signatures, SBOMs, attestations. */
export interface Attached {
  /** Absent where nobody asked for them. */
  readonly attachments?: Attachments;
}

export interface Attachments {
  /** Of which digest they speak: of the content as it came. */
  readonly subject: Digest;
  list(): Promise<readonly Attachment[]>;
}

/** A manifest attached to another one: a referrer (image-spec "subject"), or cosign's earlier kind, found by its tag. */
export interface Attachment {
  readonly content: AnyManifest;
  /** The tag by which it belongs to its subject, where its manifest does not say so. */
  readonly tag?: string;
}

/** An image, for one platform or for several. */
export type AnyImage = Image | MultiPlatformImage;

/** Whatever a manifest or index can stand for. All of these may have attachments, which may be any of these: so they stand together. */
export type AnyManifest = AnyImage | Artifact;

/**
 * One platform's image. A filter returns a new one; nothing is read or
 * rewritten before it is asked for.
 */
export interface Image extends Named, Attached {
  readonly layers: readonly Layer[];
  /** It came without a manifest: one is made for the layers it has. */
  readonly assembled?: true;
  /** The original bytes unless a layer changed; then made from the layers, which are rewritten first. */
  config(): Promise<Document<ImageConfig>>;
  /** As {@link config}. */
  manifest(): Promise<Document<Manifest>>;
}

/** Images for several platforms under one index. */
export interface MultiPlatformImage extends Named, Attached {
  /** What the index lists, in its order; a nested index is a multi-platform image in its turn. */
  readonly members: readonly Member[];
  /** The original bytes unless a member changed; then made from the members, which are rewritten first. */
  index(): Promise<Document<ImageIndex>>;
}

export interface Member {
  /** As the index lists it, with the platform; digest and size may have changed since. */
  readonly descriptor: Descriptor;
  readonly content: AnyManifest;
}

/** A manifest that is no image: a signature, an SBOM, an attestation. It is copied as it is. */
export interface Artifact extends Named, Attached {
  readonly manifest: Document<Manifest>;
  /** Its config, then its layers. */
  readonly blobs: readonly LayerBlob[];
}

/** A JSON document with the bytes that have its digest. Never serialised again. */
export interface Document<T> {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly value: T;
}

/**
 * A layer, by what may be asked of it. `blob` and `tar` know digest and size,
 * so a rewritten layer does its work in them, once; it waits in the spool.
 */
export interface Layer {
  /** Of `blob`. */
  readonly mediaType: string;
  /** Of the blob's descriptor, where it came with one. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Nothing has to be made of it: `diffId` and `stream` give what is stored. */
  readonly isStored?: true;
  /** Digest of the uncompressed tar. Does the rewrite if neither `blob` nor `tar` did. */
  diffId(): Promise<Digest>;
  /**
   * The bytes a registry or layout holds, with the descriptor's extras
   * (annotations, urls). What its destination has may only be described, if an
   * earlier run made it.
   */
  blob(to?: Destination): Promise<LayerBlob>;
  /** The uncompressed tar; its digest is the diff_id. */
  tar(): Promise<Content>;
  /** The uncompressed tar where it lies as it is, from any offset, not checked; absent where it does not. */
  readonly tarSlices?: Slices;
  /** The uncompressed tar in one pass, checked against the diff_id where it is known. */
  stream(): Promise<ByteStream>;
  /**
   * The blob in one pass where it is gzip, checked against its own digest, but
   * not yet against the diff_id: for whoever does that while unpacking it.
   */
  packed?(): Promise<ByteStream | undefined>;
  /** Gives back what waits in the spool; asking again does the work again. */
  release(): Promise<void>;
}

export interface LayerBlob extends Content {
  readonly descriptor: Descriptor;
  /** The same from any offset, not checked; absent where reading it whole costs no more. */
  readonly slices?: Slices;
  /** Where a registry has it already, for a mount from there. */
  readonly origin?: BlobOrigin;
  /**
   * Whether it is where it is stored, as far as that can be told without reading it; absent where it cannot.
   * Throws SIZE_MISMATCH, DIGEST_MISMATCH where another is.
   */
  isThere?(): Promise<boolean>;
}

/** A repository of a registry (`host[:port]`). */
export interface BlobOrigin {
  readonly registry: string;
  readonly repository: string;
}
