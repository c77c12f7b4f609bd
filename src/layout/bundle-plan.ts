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
import { isDocument, walkGraph } from "../oci/graph.ts";
import { type ImageIndex, parseImageIndex } from "../oci/image-index.ts";
import { encodeJson } from "../oci/json.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isManifestType, isNonDistributable, MEDIA_TYPE } from "../oci/media-type.ts";
import { blobEntries, generatedEntry, type PlannedEntry } from "./archive-plan.ts";
import { type Documents, dockerManifestFor } from "./docker-manifest.ts";
import { OCI_LAYOUT_BYTES } from "./oci-layout.ts";

/** artifactType of a bundle's root index. */
export const BUNDLE_TYPE = "application/vnd.sealift.bundle.v1+json";

export interface BundlePlan {
  readonly root: Descriptor;
  readonly rootIndex: ImageIndex;
  readonly referrers: readonly Descriptor[];
  readonly entries: readonly PlannedEntry[];
  /** Manifests and indexes, by digest. */
  readonly documents: Documents;
}

/** Gives a manifest's or index's checked bytes. */
export type FetchDocument = (descriptor: Descriptor) => Promise<Uint8Array>;

/** Lays out the bundle of `root` and its sealed referrers. Reads documents only. Throws BUNDLE_INVALID. */
export async function planBundle(
  root: Descriptor,
  referrers: readonly Descriptor[],
  fetch: FetchDocument,
): Promise<BundlePlan> {
  const documents = new Map<Digest, Uint8Array>();
  const bare = plainDescriptor(root);
  const sealed = await describeReferrers(referrers, fetch);
  const content = await graphOf(bare, documents, fetch);
  const attached: Descriptor[] = [];
  for (const referrer of sealed) attached.push(...(await graphOf(referrer, documents, fetch)));
  const rootIndex = readRoot(bare, documents.get(bare.digest) as Uint8Array);
  const head = definitionHead(rootIndex, documents);
  const entries = [
    generatedEntry("oci-layout", OCI_LAYOUT_BYTES),
    generatedEntry("index.json", encodeJson(tableOfContents(bare, rootIndex, sealed))),
    generatedEntry("manifest.json", dockerManifestFor(namedImages(rootIndex), documents)),
    ...blobEntries([bare, ...attached, ...head, ...content.filter(isDocument), ...content]),
  ];
  return { root: bare, rootIndex, referrers: sealed, documents, entries };
}

/** What is reachable and travels, parents first; its documents are added to `documents`. */
async function graphOf(
  from: Descriptor,
  documents: Map<Digest, Uint8Array>,
  fetch: FetchDocument,
): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  for await (const { descriptor, document } of walkGraph(from, fetch)) {
    if (document) documents.set(descriptor.digest, document);
    if (!isNonDistributable(descriptor.mediaType)) found.push(descriptor);
  }
  return found;
}

function readRoot(root: Descriptor, document: Uint8Array): ImageIndex {
  const index = parseImageIndex(document, `root ${root.digest}`);
  if (index.artifactType !== BUNDLE_TYPE) {
    throw new SealiftError(
      "BUNDLE_INVALID",
      `Cannot read bundle ${root.digest}: its root is not a ${BUNDLE_TYPE}`,
    );
  }
  return index;
}

/** The root as index.json names it says no more than what its bytes say. */
function plainDescriptor({ digest, size }: Descriptor): Descriptor {
  return { mediaType: MEDIA_TYPE.ociIndex, digest, size, artifactType: BUNDLE_TYPE };
}

/** The definition's manifest and config: what the bundle holds, known before any payload. */
function definitionHead({ manifests }: ImageIndex, documents: Documents): Descriptor[] {
  const [definition] = manifests;
  const document = definition && documents.get(definition.digest);
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
    manifests: [
      { ...root, annotations: { [ANNOTATION.refName]: name } },
      ...namedImages(index),
      ...referrers,
    ],
  };
}

function namedImages(index: ImageIndex): Descriptor[] {
  return index.manifests.filter((child) => child.annotations?.[ANNOTATION.refName] !== undefined);
}

/** Each once, by digest. */
async function describeReferrers(
  referrers: readonly Descriptor[],
  fetch: FetchDocument,
): Promise<Descriptor[]> {
  const described = new Map<Digest, Descriptor>();
  for (const referrer of referrers) described.set(referrer.digest, await describeReferrer(referrer, fetch));
  return [...described.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

/**
 * A referrer as index.json describes it: by what its own bytes say, for
 * nothing else vouches for index.json. Throws BUNDLE_INVALID.
 */
async function describeReferrer({ digest, size }: Descriptor, fetch: FetchDocument): Promise<Descriptor> {
  const { config, ...manifest } = parseManifest(
    await fetch({ mediaType: MEDIA_TYPE.ociManifest, digest, size }),
    `referrer ${digest}`,
  );
  if (manifest.mediaType !== MEDIA_TYPE.ociManifest) {
    throw new SealiftError("BUNDLE_INVALID", `Cannot read referrer ${digest}: it is not an OCI manifest`);
  }
  const artifactType = manifest.artifactType ?? config.mediaType;
  return { mediaType: MEDIA_TYPE.ociManifest, digest, size, artifactType };
}
