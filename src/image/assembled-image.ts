import { digestOf } from "../bytes/content.ts";
import type { Host } from "../host.ts";
import type { ImageConfig } from "../oci/config.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { encodeJson } from "../oci/json.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { Document, Image, Layer } from "./image.ts";
import { once } from "./once.ts";

export interface ImageParts {
  readonly name?: string;
  /** Exactly as it is to be stored. */
  readonly configBytes: Uint8Array;
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
}

/** An image of which there is a config and layers but no manifest: one is made, which makes the layers' blobs. */
export function assembledImage({ name, configBytes, config, layers }: ImageParts, host: Host): Image {
  const configDescriptor: Descriptor = {
    mediaType: MEDIA_TYPE.ociConfig,
    digest: digestOf(host.kernels, configBytes),
    size: configBytes.length,
  };
  return {
    ...(name && { name }),
    assembled: true,
    layers,
    manifest: once(() => assembleManifest(configDescriptor, layers, host)),
    config: async () => ({ descriptor: configDescriptor, bytes: configBytes, value: config }),
  };
}

/** A manifest for a config and layers. Makes the layers' blobs. */
export async function assembleManifest(
  config: Descriptor,
  layers: readonly Layer[],
  host: Host,
): Promise<Document<Manifest>> {
  const descriptors: Descriptor[] = [];
  for (const layer of layers) descriptors.push((await layer.blob()).descriptor);
  const mediaType = MEDIA_TYPE.ociManifest;
  const bytes = encodeJson({ schemaVersion: 2, mediaType, config, layers: descriptors });
  const descriptor = { mediaType, digest: digestOf(host.kernels, bytes), size: bytes.length };
  return { descriptor, bytes, value: parseManifest(bytes) };
}
