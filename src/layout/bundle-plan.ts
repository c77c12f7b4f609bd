/**
 * The byte order of a `.bundle`: an uncompressed tar that is an OCI image
 * layout and, by its manifest.json, a docker archive. The whole file is a
 * function of the root index and the referrers sealed with it, so a reader
 * that has those can say what every byte must be.
 *
 *   oci-layout · index.json · manifest.json
 *   root index · referrers with their blobs · definition with its config
 *   all other manifests and indexes
 *   every other blob in the order of first reference
 */
import { SealiftError } from "../error.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { digestAlgorithm, digestHex } from "../oci/digest.ts";
import { childrenOf, isDocument, walkGraph } from "../oci/graph.ts";
import { type ImageIndex, parseImageIndex } from "../oci/image-index.ts";
import { encodeJson } from "../oci/json.ts";
import { isManifestType, isNonDistributable, MEDIA_TYPE } from "../oci/media-type.ts";
import { DEFAULT_PLATFORM } from "../oci/platform.ts";
import { parseManifest } from "../oci/manifest.ts";

/** artifactType of a bundle's root index. */
export const BUNDLE_TYPE = "application/vnd.sealift.bundle.v1+json";

export const OCI_LAYOUT_BYTES: Uint8Array = encodeJson({ imageLayoutVersion: "1.0.0" });

/** One file of the archive, with its bytes if they are part of the head. */
export interface PlannedEntry {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Given for generated files; other entries are the blob of that descriptor. */
  readonly bytes?: Uint8Array;
  readonly descriptor?: Descriptor;
}

export interface BundlePlan {
  readonly root: Descriptor;
  readonly rootIndex: ImageIndex;
  readonly referrers: readonly Descriptor[];
  readonly entries: readonly PlannedEntry[];
  /** Manifests and indexes, by digest. */
  readonly documents: ReadonlyMap<Digest, Uint8Array>;
}

/** Gives a manifest's or index's checked bytes. */
export type FetchDocument = (descriptor: Descriptor) => Promise<Uint8Array>;

/** Lays out the bundle of `root` and its sealed referrers. Reads documents only. */
export async function planBundle(
  root: Descriptor,
  referrers: readonly Descriptor[],
  fetch: FetchDocument,
): Promise<BundlePlan> {
  const documents = new Map<Digest, Uint8Array>();
  const order: Descriptor[] = [];
  const bare = plainDescriptor(root);
  const sealed = [...referrers].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const rootDocument = await fetch(bare);
  const rootIndex = readRoot(bare, rootDocument);

  const collect = async (descriptor: Descriptor, only?: (node: Descriptor) => boolean) => {
    const found: Descriptor[] = [];
    for await (const node of walkGraph(descriptor, async (child) => documents.get(child.digest) ?? fetch(child))) {
      if (node.document) documents.set(node.descriptor.digest, node.document);
      if (!isNonDistributable(node.descriptor.mediaType) && (only?.(node.descriptor) ?? true)) found.push(node.descriptor);
    }
    return found;
  };

  order.push(bare);
  for (const referrer of sealed) order.push(...(await collect(referrer)));
  const [definition] = rootIndex.manifests;
  const everything = await collect(bare);
  if (definition) order.push(...definitionHead(definition, documents));
  order.push(...everything.filter(isDocument), ...everything);

  const generated: PlannedEntry[] = [
    generatedEntry("oci-layout", OCI_LAYOUT_BYTES),
    generatedEntry("index.json", encodeJson(tableOfContents(bare, rootIndex, sealed))),
    generatedEntry("manifest.json", encodeJson(dockerManifest(rootIndex, documents))),
  ];
  return { root: bare, rootIndex, referrers: sealed, documents, entries: [...generated, ...blobEntries(order)] };
}

/** `blobs/<algorithm>/<hex>` (image-spec, image-layout.md). */
export function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

function readRoot(root: Descriptor, document: Uint8Array): ImageIndex {
  const index = parseImageIndex(document, `root ${root.digest}`);
  if (index.artifactType !== BUNDLE_TYPE) {
    throw new SealiftError("BUNDLE_INVALID", `Cannot read bundle ${root.digest}: its root is not a ${BUNDLE_TYPE}`);
  }
  return index;
}

/** The root as index.json names it says no more than what its bytes say. */
function plainDescriptor({ digest, size }: Descriptor): Descriptor {
  return { mediaType: MEDIA_TYPE.ociIndex, digest, size, artifactType: BUNDLE_TYPE };
}

/** The definition's manifest and config: what the bundle holds, known before any payload. */
function definitionHead(definition: Descriptor, documents: ReadonlyMap<Digest, Uint8Array>): Descriptor[] {
  const document = documents.get(definition.digest);
  if (!document || !isManifestType(definition.mediaType)) return [];
  return [definition, parseManifest(document, definition.digest).config];
}

/** index.json: the root, its named images again so that ordinary tools find them, the referrers untagged. */
function tableOfContents(root: Descriptor, index: ImageIndex, referrers: readonly Descriptor[]): ImageIndex {
  const title = index.annotations?.[ANNOTATION.title] ?? "bundle";
  const version = index.annotations?.[ANNOTATION.version];
  const name = version ? `${title}-${version}` : title;
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    manifests: [{ ...root, annotations: { [ANNOTATION.refName]: name } }, ...namedImages(index), ...referrers.map(bareReferrer)],
  };
}

function namedImages(index: ImageIndex): Descriptor[] {
  return index.manifests.filter((child) => child.annotations?.[ANNOTATION.refName] !== undefined);
}

function bareReferrer({ mediaType, digest, size, artifactType }: Descriptor): Descriptor {
  return { mediaType, digest, size, ...(artifactType && { artifactType }) };
}

interface DockerManifestEntry {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

/** manifest.json of `docker save`: runnable images, one platform each, so that `podman load` takes the file as it is. */
function dockerManifest(index: ImageIndex, documents: ReadonlyMap<Digest, Uint8Array>): DockerManifestEntry[] {
  return namedImages(index).flatMap((named) => {
    const document = runnableManifest(named, documents);
    if (!document) return [];
    const { config, layers } = parseManifest(document);
    if (config.mediaType !== MEDIA_TYPE.ociConfig && config.mediaType !== MEDIA_TYPE.dockerConfig) return [];
    if (layers.some((layer) => isNonDistributable(layer.mediaType))) return [];
    const name = named.annotations?.[ANNOTATION.containerdImageName];
    return [
      {
        Config: blobPath(config.digest),
        RepoTags: name ? [name] : [],
        Layers: layers.map((layer) => blobPath(layer.digest)),
      },
    ];
  });
}

/** An image's own manifest, or that of the index's default platform, else of its first. */
function runnableManifest(descriptor: Descriptor, documents: ReadonlyMap<Digest, Uint8Array>): Uint8Array | undefined {
  const document = documents.get(descriptor.digest);
  if (!document || isManifestType(descriptor.mediaType)) return document;
  const manifests = childrenOf(descriptor, document).filter((child) => isManifestType(child.mediaType));
  const chosen =
    manifests.find(({ platform }) => platform?.os === DEFAULT_PLATFORM.os && platform.architecture === DEFAULT_PLATFORM.architecture) ??
    manifests[0];
  return chosen && documents.get(chosen.digest);
}

function generatedEntry(name: string, bytes: Uint8Array): PlannedEntry {
  return { name, size: bytes.length, bytes };
}

/** Each blob once, where it comes first. */
function blobEntries(order: readonly Descriptor[]): PlannedEntry[] {
  const entries = new Map<Digest, PlannedEntry>();
  for (const descriptor of order) {
    const known = entries.get(descriptor.digest);
    if (known && known.size !== descriptor.size) {
      throw new SealiftError("BUNDLE_INVALID", `Cannot lay out ${descriptor.digest}: it is described with ${known.size} and with ${descriptor.size} bytes`);
    }
    if (!known) entries.set(descriptor.digest, { name: blobPath(descriptor.digest), size: descriptor.size, descriptor });
  }
  return [...entries.values()];
}

