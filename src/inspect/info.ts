import { collect } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { reasonOf } from "../error.ts";
import type { Host } from "../host.ts";
import { readDocument } from "../image/stored-blob.ts";
import { type ImageConfig, parseImageConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { isDocument } from "../oci/graph.ts";
import { type ImageIndex, parseImageIndex } from "../oci/image-index.ts";
import { MAX_DOCUMENT_SIZE } from "../oci/json.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { declaredCompression, isIndexType } from "../oci/media-type.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { RawGraph, RawImage, RawParts } from "../source/raw-image.ts";
import { imageManifest, matchPlatform, type Selection } from "../source/select-image.ts";
import { checkLists } from "./check-lists.ts";
import { type ConfigInfo, configInfo, createdBy } from "./config-info.ts";
import { Findings } from "./findings.ts";
import { type ImageName, imageNameOf } from "./image-name.ts";

/** What is known of an image without its layers. Keys as occystrap's `info` has them, and ours behind them. */
export interface ImageInfo extends ImageName, ConfigInfo, Partial<ManifestInfo> {
  readonly config_digest?: Digest;
  readonly layer_count: number;
  readonly layers: readonly LayerInfo[];
  /** The index that the image is one of. */
  readonly index?: IndexInfo;
  readonly referrers?: ReferrersInfo;
}

/** What only an image with a manifest has. */
export interface ManifestInfo {
  readonly schema_version: number;
  readonly media_type: string;
  readonly config_size: number;
  /** Bytes. */
  readonly total_compressed_size: number;
  readonly manifest_digest: Digest;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface LayerInfo {
  /** The lowest is 0. */
  readonly index: number;
  readonly digest?: Digest;
  /** Bytes as it is stored. */
  readonly size?: number;
  readonly media_type?: string;
  readonly compression?: string;
  readonly diff_id?: Digest;
  readonly created_by?: string;
}

export interface IndexInfo {
  readonly digest: Digest;
  readonly media_type: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly manifests: readonly IndexedManifest[];
}

export interface IndexedManifest {
  readonly digest: Digest;
  readonly media_type: string;
  /** Null for what runs nowhere: an attestation. */
  readonly platform: string | null;
}

export interface ReferrersInfo {
  readonly count: number;
  /** How many of each artifact type. */
  readonly types: Readonly<Record<string, number>>;
}

/** Says what an image is, from its manifest and config. Throws as reading them does. */
export async function imageInfo(raw: RawImage, selection: Selection, host: Host): Promise<ImageInfo> {
  if (raw.kind === "parts") return partsInfo(raw, selection, host);
  const { root, storage } = raw;
  await warnOfDisagreements(raw, host);
  const selected = await imageManifest(root, selection.platform, storage.open, host);
  return graphInfo(raw, selected, await indexInfo(raw, host), host);
}

/** What follows is index.json's image, and others may load another. */
async function warnOfDisagreements(raw: RawGraph, host: Host): Promise<void> {
  const findings = new Findings();
  await checkLists(raw, false, findings);
  for (const { severity, message } of findings.list) {
    if (severity === "error") host.log({ type: "warning", message });
  }
}

/** The same of every platform's image of an index, in its order; of a single image its own. */
export async function imageInfos(raw: RawImage, host: Host): Promise<readonly ImageInfo[]> {
  if (raw.kind === "parts" || !isIndexType(raw.root.mediaType)) return [await imageInfo(raw, {}, host)];
  const index = await indexInfo(raw, host);
  const infos: ImageInfo[] = [];
  for (const manifest of await platformManifests(raw, raw.root, host)) {
    infos.push(await graphInfo(raw, manifest, index, host));
  }
  return infos;
}

/** The platforms' manifests, those of a nested index in its place. */
async function platformManifests(raw: RawGraph, index: Descriptor, host: Host): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  for (const manifest of (await readIndex(raw, index, host)).manifests) {
    const isNested = isIndexType(manifest.mediaType) && index === raw.root;
    if (isNested) found.push(...(await platformManifests(raw, manifest, host)));
    else if (isDocument(manifest) && isRunnable(manifest)) found.push(manifest);
  }
  return found;
}

function isRunnable({ platform }: Descriptor): boolean {
  return platform !== undefined && platform.os !== "unknown";
}

async function graphInfo(
  raw: RawGraph,
  descriptor: Descriptor,
  index: IndexInfo | undefined,
  host: Host,
): Promise<ImageInfo> {
  const { open } = raw.storage;
  const manifest = parseManifest(await readDocument(descriptor, open, host), descriptor.digest);
  const { digest } = manifest.config;
  const config = parseImageConfig(await readDocument(manifest.config, open, host), `config ${digest}`);
  const referrers = await referrersInfo(raw, descriptor.digest, host);
  return {
    ...imageNameOf(raw),
    ...manifestInfo(descriptor, manifest),
    config_digest: digest,
    layer_count: manifest.layers.length,
    layers: manifest.layers.map((layer, at) => layerInfo(layer, at, config)),
    ...configInfo(config),
    ...(index && { index }),
    ...(referrers && { referrers }),
  };
}

function manifestInfo({ digest, mediaType }: Descriptor, manifest: Manifest): ManifestInfo {
  return {
    schema_version: manifest.schemaVersion,
    media_type: mediaType,
    config_size: manifest.config.size,
    total_compressed_size: manifest.layers.reduce((sum, { size }) => sum + size, 0),
    manifest_digest: digest,
    annotations: manifest.annotations ?? {},
  };
}

function layerInfo({ digest, size, mediaType }: Descriptor, index: number, config: ImageConfig): LayerInfo {
  return {
    index,
    digest,
    size,
    media_type: mediaType,
    compression: declaredCompression(mediaType) ?? "unknown",
    ...fromConfig(index, config),
  };
}

function fromConfig(index: number, config: ImageConfig): Pick<LayerInfo, "diff_id" | "created_by"> {
  const diffId = config.rootfs.diff_ids[index];
  const command = createdBy(config)[index];
  return { ...(diffId && { diff_id: diffId }), ...(command && { created_by: command }) };
}

async function partsInfo(raw: RawParts, { platform }: Selection, { kernels }: Host): Promise<ImageInfo> {
  const { digest, name, size } = raw.config;
  const stream = await raw.config.open();
  const expected = digest && { digest, ...(size !== undefined && { size }) };
  const checked = expected ? verified(stream, expected, kernels, name) : stream;
  const config = parseImageConfig(await collect(checked, MAX_DOCUMENT_SIZE, name), name);
  // A docker-save image has one platform: an other one that was asked for is not there.
  if (platform)
    matchPlatform(config, platform, { mediaType: "", digest: digest ?? (name as Digest), size: 0 });
  return {
    ...imageNameOf(raw),
    ...((digest ?? raw.toldDigest) && { config_digest: digest ?? raw.toldDigest }),
    layer_count: raw.layers.length,
    layers: raw.layers.map((layer, index) => ({
      index,
      ...(layer.size !== undefined && { size: layer.size }),
      ...fromConfig(index, config),
    })),
    ...configInfo(config),
  };
}

async function readIndex(raw: RawGraph, descriptor: Descriptor, host: Host): Promise<ImageIndex> {
  return parseImageIndex(await readDocument(descriptor, raw.storage.open, host), descriptor.digest);
}

async function indexInfo(raw: RawGraph, host: Host): Promise<IndexInfo | undefined> {
  const { digest, mediaType } = raw.root;
  if (!isIndexType(mediaType)) return undefined;
  const { annotations, manifests } = await readIndex(raw, raw.root, host);
  return {
    digest,
    media_type: mediaType,
    annotations: annotations ?? {},
    manifests: manifests.map((manifest) => ({
      digest: manifest.digest,
      media_type: manifest.mediaType,
      platform: manifest.platform && isRunnable(manifest) ? formatPlatform(manifest.platform) : null,
    })),
  };
}

/** What is attached to the image, and to the index it was named by. */
async function referrersInfo(raw: RawGraph, image: Digest, host: Host): Promise<ReferrersInfo | undefined> {
  const list = raw.storage.attachments;
  if (!list) return undefined;
  const types: Record<string, number> = {};
  try {
    for (const subject of new Set([raw.root.digest, image])) {
      for (const { descriptor, tag } of await list(subject)) {
        const type =
          descriptor.artifactType ?? (tag ? `cosign ${tag.slice(tag.lastIndexOf(".") + 1)}` : "unknown");
        types[type] = (types[type] ?? 0) + 1;
      }
    }
  } catch (error) {
    // It is said of an image in passing: that the list cannot be had is no reason to say nothing.
    host.log({ type: "warning", message: `Left out what is attached: ${reasonOf(error)}` });
    return undefined;
  }
  return { count: Object.values(types).reduce((sum, count) => sum + count, 0), types };
}
