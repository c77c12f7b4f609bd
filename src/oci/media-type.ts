/** Media types of the image spec, and Docker's that mean the same. */

export const MEDIA_TYPE = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  ociEmpty: "application/vnd.oci.empty.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  octetStream: "application/octet-stream",
} as const;

/** What a registry client accepts for a manifest, most wanted first. */
export const MANIFEST_TYPES: readonly string[] = [
  MEDIA_TYPE.ociManifest,
  MEDIA_TYPE.ociIndex,
  MEDIA_TYPE.dockerManifest,
  MEDIA_TYPE.dockerManifestList,
];

export function isManifestType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.ociManifest || mediaType === MEDIA_TYPE.dockerManifest;
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.ociIndex || mediaType === MEDIA_TYPE.dockerManifestList;
}

/** How a blob's bytes are encoded. */
export type Compression = "none" | "gzip" | "zstd";

/** The compression a layer's media type declares; undefined if it declares nothing we know. */
export function declaredCompression(mediaType: string): Compression | undefined {
  if (/[+.]gzip$/.test(mediaType)) return "gzip";
  if (/[+.]zstd$/.test(mediaType)) return "zstd";
  if (/\.tar$/.test(mediaType)) return "none";
  return undefined;
}

/** The same kind of layer, with another compression: Docker's family stays Docker's where it has the type. */
export function withCompression(mediaType: string, compression: Compression): string {
  const base = mediaType.replace(/[+.](gzip|zstd)$/, "");
  if (compression === "none") return base;
  if (base === MEDIA_TYPE.dockerLayer) {
    return compression === "gzip" ? MEDIA_TYPE.dockerLayerGzip : MEDIA_TYPE.ociLayerZstd;
  }
  return `${base}+${compression}`;
}

/** A layer that may not be in a registry and is fetched from elsewhere (image-spec, layer.md). */
export function isNonDistributable(mediaType: string): boolean {
  return mediaType.includes(".nondistributable.") || mediaType.includes(".foreign.");
}

/** Whether a media type is one of Docker's own. */
export function isDockerType(mediaType: string): boolean {
  return mediaType.startsWith("application/vnd.docker.");
}

/** OCI's types by Docker's that mean the same. */
const OCI_TYPES: ReadonlyMap<string, string> = new Map([
  [MEDIA_TYPE.dockerManifest, MEDIA_TYPE.ociManifest],
  [MEDIA_TYPE.dockerManifestList, MEDIA_TYPE.ociIndex],
  [MEDIA_TYPE.dockerConfig, MEDIA_TYPE.ociConfig],
  [MEDIA_TYPE.dockerLayer, MEDIA_TYPE.ociLayer],
  [MEDIA_TYPE.dockerLayerGzip, MEDIA_TYPE.ociLayerGzip],
  [
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  ],
]);

/** OCI's media type that means the same; any other as it is. */
export function ociType(mediaType: string): string {
  return OCI_TYPES.get(mediaType) ?? mediaType;
}
