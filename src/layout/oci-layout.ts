import * as v from "valibot";
import type { Files } from "../bytes/files.ts";
import type { Slices } from "../bytes/slices.ts";
import { type ByteStream, collect } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { counted, SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestAlgorithm, digestHex } from "../oci/digest.ts";
import { isDocument } from "../oci/graph.ts";
import { type ImageIndex, parseImageIndex } from "../oci/image-index.ts";
import { encodeJson, MAX_DOCUMENT_SIZE, parseJson } from "../oci/json.ts";

/** image-spec, image-layout.md. */
export const OCI_LAYOUT_FILE = "oci-layout";
export const OCI_INDEX_FILE = "index.json";

/** The oci-layout file's bytes, as every other writer has them. */
export const OCI_LAYOUT_BYTES: Uint8Array = encodeJson({ imageLayoutVersion: "1.0.0" });

/** Where a layout has a blob. */
export function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** An OCI image layout: a folder's, an archive's or a bundle's files. */
export interface OciLayout {
  readonly index: ImageIndex;
  /** index.json as it stands in the layout. */
  readonly indexBytes: Uint8Array;
  /** Whether the blob's file is there, with the right size; what is in it shows when it is read. */
  has(descriptor: Pick<Descriptor, "digest" | "size">): boolean;
  /** The blob, checked while it is read. Throws BLOB_UNKNOWN, SIZE_MISMATCH. */
  open(descriptor: Pick<Descriptor, "digest" | "size">): Promise<ByteStream>;
  /** A part of the blob, not checked. Throws BLOB_UNKNOWN, SIZE_MISMATCH. */
  openRange(descriptor: Descriptor, start: number, end: number): Promise<ByteStream>;
  /**
   * The entry of index.json that `ref` names, by its ref.name, its containerd
   * name or its digest; without `ref` the only image there is.
   * Throws NOT_FOUND, or USAGE where there are several, naming what there is.
   */
  select(ref?: string): Descriptor;
}

/** Reads a layout's oci-layout and index.json. Throws LAYOUT_INVALID, UNSUPPORTED, MANIFEST_INVALID. */
export async function readOciLayout(files: Files, kernels: Kernels): Promise<OciLayout> {
  await checkVersion(files);
  const indexBytes = await readWhole(files, OCI_INDEX_FILE);
  const index = parseImageIndex(indexBytes, OCI_INDEX_FILE);
  return {
    index,
    indexBytes,
    has: ({ digest, size }) => files.get(blobPath(digest))?.size === size,
    async open(descriptor) {
      return verified(blobFile(files, descriptor).slice(), descriptor, kernels);
    },
    openRange: async (descriptor, start, end) => blobFile(files, descriptor).slice(start, end),
    select: (ref) => (ref === undefined ? onlyImage(index) : named(index, ref)),
  };
}

const layoutSchema = v.looseObject({ imageLayoutVersion: v.string() });

async function checkVersion(files: Files): Promise<void> {
  const bytes = await readWhole(files, OCI_LAYOUT_FILE);
  const { imageLayoutVersion } = parseJson(layoutSchema, bytes, OCI_LAYOUT_FILE, "LAYOUT_INVALID");
  if (!/^1\.[0-9]+\.[0-9]+$/.test(imageLayoutVersion)) {
    throw new SealiftError(
      "UNSUPPORTED",
      `Cannot read OCI layout: its version is ${JSON.stringify(imageLayoutVersion)}, expected 1.0.0`,
    );
  }
}

async function readWhole(files: Files, name: string): Promise<Uint8Array> {
  const file = files.get(name);
  if (!file) throw new SealiftError("LAYOUT_INVALID", `Cannot read OCI layout: it has no ${name}`);
  return collect(file.slice(), MAX_DOCUMENT_SIZE, name);
}

function blobFile(files: Files, { digest, size }: Pick<Descriptor, "digest" | "size">): Slices {
  const file = files.get(blobPath(digest));
  if (!file) {
    throw new SealiftError("BLOB_UNKNOWN", `Cannot read ${digest}: the layout has no ${blobPath(digest)}`);
  }
  if (file.size !== size) {
    throw new SealiftError(
      "SIZE_MISMATCH",
      `Cannot read ${digest}: its file has ${counted(file.size, "byte")}, expected ${size}`,
    );
  }
  return file;
}

function named(index: ImageIndex, ref: string): Descriptor {
  const by = (name: (descriptor: Descriptor) => string | undefined) =>
    index.manifests.filter((descriptor) => name(descriptor) === ref);
  const candidates = [
    by((descriptor) => descriptor.annotations?.[ANNOTATION.refName]),
    by((descriptor) => descriptor.annotations?.[ANNOTATION.containerdImageName]),
    by((descriptor) => descriptor.digest),
  ].find((found) => found.length > 0);
  if (!candidates) {
    throw new SealiftError(
      "NOT_FOUND",
      `Cannot find "${ref}" in OCI layout: it has ${listed(index.manifests)}`,
    );
  }
  if (distinct(candidates).length > 1) {
    throw new SealiftError(
      "LAYOUT_INVALID",
      `Cannot pick "${ref}" in OCI layout: it names ${distinct(candidates).length} different images`,
    );
  }
  return candidates[0] as Descriptor;
}

/** How cosign before its version 3 names a signature, an attestation, an SBOM. */
const COSIGN_TAG = /^[a-z0-9]+-[0-9a-f]{64,128}\.(sig|att|sbom)$/;

/** A layout's images: signatures and SBOMs stand beside the image they belong to, and are not what is meant. */
export function imageEntries(index: ImageIndex): readonly Descriptor[] {
  return index.manifests
    .filter(isDocument)
    .filter(
      ({ artifactType, annotations }) =>
        artifactType === undefined && !COSIGN_TAG.test(annotations?.[ANNOTATION.refName] ?? ""),
    );
}

function onlyImage(index: ImageIndex): Descriptor {
  const documents = index.manifests.filter(isDocument);
  const images = imageEntries(index);
  const candidates = distinct(images.length > 0 ? images : documents);
  const [first, ...others] = candidates;
  if (!first) throw new SealiftError("LAYOUT_INVALID", "Cannot pick an image: the OCI layout has none");
  if (others.length > 0) {
    throw new SealiftError(
      "USAGE",
      `Cannot pick an image of ${candidates.length} in OCI layout: name one of ${listed(candidates)}`,
    );
  }
  return first;
}

/** The first descriptor of each digest. */
function distinct(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.toReversed().map((one) => [one.digest, one])).values()].toReversed();
}

function listed(descriptors: readonly Descriptor[]): string {
  return descriptors.map(entryName).join(", ") || "no images";
}

/** By what an entry of index.json is picked: its ref.name, else its containerd name, else its digest. */
export function entryName({ annotations, digest }: Descriptor): string {
  return annotations?.[ANNOTATION.refName] ?? annotations?.[ANNOTATION.containerdImageName] ?? digest;
}
