import { digestOf } from "../bytes/content.ts";
import type { Host } from "../host.ts";
import { type ImageConfig, parseImageConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { encodeJson } from "../oci/json.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { assembleManifest } from "./assembled-image.ts";
import type { Document, Image, Layer } from "./image.ts";
import { once } from "./once.ts";

/**
 * The image with other layers, in the same places. New diff_ids give a new
 * config, and that a new manifest; what did not change keeps its bytes.
 */
export function withLayers(image: Image, layers: readonly Layer[], host: Host): Image {
  // Of layers changed twice, only the last are made: config and manifest follow from the image before the first.
  const base = bases.get(image) ?? image;
  const config = once(() => changedConfig(base, layers, host));
  const manifest = once(() => changedManifest(base, layers, config, host));
  const changed = { ...image, layers, config, manifest };
  bases.set(changed, base);
  return changed;
}

/** What each image with changed layers had been before. */
const bases = new WeakMap<Image, Image>();

async function changedConfig(
  image: Image,
  layers: readonly Layer[],
  host: Host,
): Promise<Document<ImageConfig>> {
  const original = await image.config();
  const diffIds = [];
  for (const layer of layers) diffIds.push(await layer.diffId());
  const { rootfs } = original.value;
  if (sameItems(diffIds, rootfs.diff_ids)) return original;
  const bytes = encodeJson({ ...original.value, rootfs: { ...rootfs, diff_ids: diffIds } });
  return document(original.descriptor.mediaType, bytes, parseImageConfig(bytes), host);
}

async function changedManifest(
  image: Image,
  layers: readonly Layer[],
  config: () => Promise<Document<ImageConfig>>,
  host: Host,
): Promise<Document<Manifest>> {
  // Its manifest would need the old layers' blobs, and nothing else of it is wanted.
  if (image.assembled) return assembleManifest((await config()).descriptor, layers, host);
  const original = await image.manifest();
  const descriptors: Descriptor[] = [];
  for (const layer of layers) descriptors.push((await layer.blob()).descriptor);
  const configDescriptor = (await config()).descriptor;
  const before = original.value.layers.map(({ digest }) => digest);
  const after = descriptors.map(({ digest }) => digest);
  if (configDescriptor.digest === original.value.config.digest && sameItems(after, before)) return original;
  const bytes = encodeJson({ ...original.value, config: configDescriptor, layers: descriptors });
  return document(original.descriptor.mediaType, bytes, parseManifest(bytes), host);
}

function document<T>(mediaType: string, bytes: Uint8Array, value: T, host: Host): Document<T> {
  const descriptor = { mediaType, digest: digestOf(host.kernels, bytes), size: bytes.length };
  return { descriptor, bytes, value };
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
