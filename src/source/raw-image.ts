import type { Files } from "../bytes/files.ts";
import type { Slices } from "../bytes/slices.ts";
import { type ByteStream, streamOf } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { AnyManifest, Image, Named } from "../image/image.ts";
import { documentOf, isImage, isMultiPlatform } from "../image/multi-platform-image.ts";
import type { OpenBlob } from "../image/stored-blob.ts";
import type { ManifestStorage } from "../image/stored-manifest.ts";
import { DOCKER_SAVE_MANIFEST, digestInName, readDockerSave } from "../layout/docker-save.ts";
import { listDisagreements } from "../layout/list-agreement.ts";
import { readOciLayout } from "../layout/oci-layout.ts";
import { sniffLayout } from "../layout/sniff.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { formatReference, type Reference, referenceTarget } from "../oci/reference.ts";
import { openRepository, type RepositoryOptions } from "../registry/repository.ts";
import { layoutStorage, namesOf } from "./layout-source.ts";
import { repositoryStorage } from "./registry-source.ts";

/**
 * An image as it is stored, nothing of it read yet or made sense of: for those
 * who look for what a source would refuse, or at no more than its documents.
 */
export type RawImage = RawGraph | RawParts;

/** A manifest or index, and where the content it names is. */
export interface RawGraph extends Named {
  readonly kind: "graph";
  readonly root: Descriptor;
  readonly storage: ManifestStorage;
  /**
   * How the layout's manifest.json differs from index.json, as far as that shows without reading layers or, with
   * `reads`, in all; undefined where it has none. Throws as reading it does.
   */
  disagreements?(reads: boolean): Promise<readonly string[] | undefined>;
}

/** A config and layers without a manifest, as docker-save has them. */
export interface RawParts extends Named {
  readonly kind: "parts";
  readonly config: RawFile;
  /** The config's digest where these are not its own bytes but what somebody tells of it. */
  readonly toldDigest?: Digest;
  /** Lowest first. */
  readonly layers: readonly RawFile[];
}

/** One file of an image, and what is said of it. */
export interface RawFile {
  /** For messages. */
  readonly name: string;
  readonly mediaType?: string;
  readonly digest?: Digest;
  /** Bytes. */
  readonly size?: number;
  /** Its bytes; whether they are checked on the way is the place's business. */
  open(): Promise<ByteStream>;
}

/** An image of a layout's or a docker-save archive's files. Throws as their readers do. */
export async function rawFilesImage(
  files: Files,
  ref: string | undefined,
  host: Host,
  what: string,
): Promise<RawImage> {
  if (sniffLayout(files, what) === "docker-save") return rawSavedImage(files, ref, host);
  return rawLayoutImage(files, ref, host);
}

/** An image of an OCI layout. */
export async function rawLayoutImage(files: Files, ref: string | undefined, host: Host): Promise<RawGraph> {
  const layout = await readOciLayout(files, host.kernels);
  const root = layout.select(ref);
  const disagreements = (reads: boolean) => listDisagreements(files, host.kernels, reads);
  return { kind: "graph", root, storage: layoutStorage(layout, true, host), disagreements, ...namesOf(root) };
}

/** An image in a registry: its manifest's digest is asked for, and nothing else. */
export async function rawRegistryImage(
  reference: Reference,
  host: Host,
  options: RepositoryOptions,
): Promise<RawGraph> {
  const repository = openRepository(host, reference, options);
  const { descriptor: root } = await repository.manifest(referenceTarget(reference));
  const { digest, tag = digest ? undefined : "latest" } = reference;
  const name = formatReference({ ...reference, ...(tag && { tag }) });
  return { kind: "graph", root, storage: repositoryStorage(repository, true), name };
}

async function rawSavedImage(files: Files, ref: string | undefined, host: Host): Promise<RawParts> {
  const archive = await readDockerSave(files, host.kernels);
  const { config, layers, repoTags, catalogued } = archive.select(ref);
  const name = repoTags[0] ?? catalogued;
  return {
    kind: "parts",
    config: savedFile(files, config, digestInName(config)),
    // Only Docker 25 and later name a layer's file by what is in it.
    layers: layers.map((file) => savedFile(files, file, layerDigest(file))),
    ...(name && { name }),
  };
}

function layerDigest(file: string): Digest | undefined {
  return file.startsWith("blobs/") ? digestInName(file) : undefined;
}

function savedFile(files: Files, name: string, digest: Digest | undefined): RawFile {
  const file = files.get(name);
  const open = async () => (file ?? missing(name)).slice();
  return { name, ...(digest && { digest }), ...(file && { size: file.size }), open };
}

function missing(name: string): Slices {
  throw new SealiftError(
    "LAYOUT_INVALID",
    `Cannot read ${name}: ${DOCKER_SAVE_MANIFEST} names it and it is not there`,
  );
}

/** An image that a source has read already, for places that can be read in no other way. */
export async function rawOf(content: AnyManifest): Promise<RawImage> {
  if (isImage(content) && content.assembled) return assembledParts(content);
  const blobs = new Map<Digest, OpenBlob>();
  await collectBlobs(content, blobs);
  const open: OpenBlob = async (descriptor) => {
    const blob = blobs.get(descriptor.digest);
    if (blob) return blob(descriptor);
    throw new SealiftError("BLOB_UNKNOWN", `Cannot read ${descriptor.digest}: the image has no such blob`);
  };
  const { descriptor: root } = await documentOf(content);
  return { kind: "graph", root, storage: { open }, ...namesOnly(content) };
}

async function collectBlobs(content: AnyManifest, blobs: Map<Digest, OpenBlob>): Promise<void> {
  const { descriptor, bytes } = await documentOf(content);
  blobs.set(descriptor.digest, async () => streamOf(bytes));
  if (isMultiPlatform(content)) {
    for (const member of content.members) await collectBlobs(member.content, blobs);
  } else if (isImage(content)) {
    const config = await content.config();
    blobs.set(config.descriptor.digest, async () => streamOf(config.bytes));
    for (const layer of content.layers) {
      const blob = await layer.blob();
      blobs.set(blob.digest, () => blob.open());
    }
  } else {
    for (const blob of content.blobs) blobs.set(blob.digest, () => blob.open());
  }
}

async function assembledParts(image: Image): Promise<RawParts> {
  const { descriptor, bytes } = await image.config();
  const { mediaType, digest, size } = descriptor;
  return {
    kind: "parts",
    config: { name: `config ${digest}`, mediaType, digest, size, open: async () => streamOf(bytes) },
    layers: image.layers.map((layer, at) => ({ name: `layer ${at}`, open: () => layer.stream() })),
    ...namesOnly(image),
  };
}

function namesOnly({ name, ref }: Named): Named {
  return { ...(name && { name }), ...(ref && { ref }) };
}
