import { digestOf } from "../bytes/content.ts";
import { sameBytes } from "../bytes/stream.ts";
import type { Host } from "../host.ts";
import { type ImageConfig, parseImageConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { encodeJson } from "../oci/json.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { assembleManifest } from "./assembled-image.ts";
import type { Document, Image, Layer } from "./image.ts";
import { inOneFamily } from "./media-family.ts";
import { once } from "./once.ts";

/** What is to be different in an image. */
export interface ImageChange {
  readonly layers?: readonly Layer[];
  /** Of the config, all but its diff_ids, which are those of the layers. */
  readonly config?: (config: ImageConfig) => ImageConfig;
  /** Of the manifest, all but config and layers. */
  readonly manifest?: (manifest: Manifest) => Manifest;
}

/** How an image with changes came to be. */
interface Origin {
  /** As it was before the first change. */
  readonly base: Image;
  readonly changes: readonly ImageChange[];
}

const origins = new WeakMap<Image, Origin>();

/** The image with other layers. */
export function withLayers(image: Image, layers: readonly Layer[], host: Host): Image {
  return changedImage(image, { layers }, host);
}

/**
 * The image with a change. New layers give a new config, and that a new
 * manifest; what turns out to be what it was keeps its bytes.
 */
export function changedImage(image: Image, change: ImageChange, host: Host): Image {
  // Of layers changed twice, only the last are made: config and manifest follow from the image before the first.
  const earlier = origins.get(image) ?? { base: image, changes: [] };
  const origin = { base: earlier.base, changes: [...earlier.changes, change] };
  const layers = change.layers ?? image.layers;
  const config = once(() => changedConfig(origin, layers, host));
  const manifest = once(() => changedManifest(origin, layers, config, host));
  const changed = { ...image, layers, config, manifest };
  origins.set(changed, origin);
  return changed;
}

async function changedConfig(
  { base, changes }: Origin,
  layers: readonly Layer[],
  host: Host,
): Promise<Document<ImageConfig>> {
  const original = await base.config();
  const diffIds = [];
  for (const layer of layers) diffIds.push(await layer.diffId());
  const value = changes.reduce((config, change) => change.config?.(config) ?? config, original.value);
  if (value === original.value && sameItems(diffIds, value.rootfs.diff_ids)) return original;
  const bytes = encodeJson({ ...value, rootfs: { ...value.rootfs, diff_ids: diffIds } });
  if (sameBytes(bytes, encodeJson(original.value))) return original;
  return document(original.descriptor.mediaType, bytes, parseImageConfig(bytes), host);
}

async function changedManifest(
  { base, changes }: Origin,
  layers: readonly Layer[],
  config: () => Promise<Document<ImageConfig>>,
  host: Host,
): Promise<Document<Manifest>> {
  const edit = (manifest: Manifest) =>
    changes.reduce((edited, change) => change.manifest?.(edited) ?? edited, manifest);
  const original = base.assembled
    ? // Its own manifest would need the old layers' blobs, and nothing else of it is wanted.
      await assembleManifest((await config()).descriptor, layers, host)
    : await base.manifest();
  const descriptors: Descriptor[] = [];
  for (const layer of layers) descriptors.push((await layer.blob()).descriptor);
  const configDescriptor = (await config()).descriptor;
  const value = edit(original.value);
  const before = original.value.layers.map(({ digest }) => digest);
  const after = descriptors.map(({ digest }) => digest);
  const same = configDescriptor.digest === original.value.config.digest && sameItems(after, before);
  if (value === original.value && same) return original;
  const changed = inOneFamily({ ...value, config: configDescriptor, layers: descriptors });
  const bytes = encodeJson(changed);
  if (sameBytes(bytes, encodeJson(original.value))) return original;
  const mediaType = changed.mediaType ?? original.descriptor.mediaType;
  return document(mediaType, bytes, parseManifest(bytes), host);
}

function document<T>(mediaType: string, bytes: Uint8Array, value: T, host: Host): Document<T> {
  const descriptor = { mediaType, digest: digestOf(host.kernels, bytes), size: bytes.length };
  return { descriptor, bytes, value };
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
