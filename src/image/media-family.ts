import type { Manifest } from "../oci/manifest.ts";
import { isDockerType, MEDIA_TYPE, ociType } from "../oci/media-type.ts";

/**
 * The manifest in OCI's media types where Docker's have none for what is in it:
 * zstd, annotations. A manifest of one family with parts of the other is refused
 * by other tools.
 */
export function inOneFamily(manifest: Manifest): Manifest {
  if (manifest.mediaType !== MEDIA_TYPE.dockerManifest) return manifest;
  const fits = manifest.layers.every(({ mediaType }) => isDockerType(mediaType));
  if (fits && manifest.annotations === undefined) return manifest;
  const { config, layers } = manifest;
  return {
    ...manifest,
    mediaType: MEDIA_TYPE.ociManifest,
    config: { ...config, mediaType: ociType(config.mediaType) },
    layers: layers.map((layer) => ({ ...layer, mediaType: ociType(layer.mediaType) })),
  };
}
