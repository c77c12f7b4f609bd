import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { childrenOf } from "../oci/graph.ts";
import { encodeJson } from "../oci/json.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isManifestType, isNonDistributable, MEDIA_TYPE } from "../oci/media-type.ts";
import { DEFAULT_PLATFORM } from "../oci/platform.ts";
import { blobPath } from "./oci-layout.ts";

/** Manifests and indexes by digest. */
export type Documents = ReadonlyMap<Digest, Uint8Array>;

/**
 * A manifest.json of `docker save` that points at a layout's blobs: with it,
 * `podman load` and `docker load` take an OCI archive as it is. Holds runnable
 * images only, and of an index the default platform's, or else the first.
 */
export function dockerManifestFor(images: readonly Descriptor[], documents: Documents): Uint8Array {
  return encodeJson(images.flatMap((image) => dockerEntry(image, documents)));
}

function dockerEntry(image: Descriptor, documents: Documents) {
  const document = runnableManifest(image, documents);
  if (!document) return [];
  const { config, layers } = parseManifest(document, image.digest);
  if (config.mediaType !== MEDIA_TYPE.ociConfig && config.mediaType !== MEDIA_TYPE.dockerConfig) return [];
  if (layers.some(({ mediaType }) => isNonDistributable(mediaType))) return [];
  const name = image.annotations?.[ANNOTATION.containerdImageName];
  return [
    {
      Config: blobPath(config.digest),
      RepoTags: name ? [name] : [],
      Layers: layers.map(({ digest }) => blobPath(digest)),
    },
  ];
}

function runnableManifest(image: Descriptor, documents: Documents): Uint8Array | undefined {
  const document = documents.get(image.digest);
  if (!document || isManifestType(image.mediaType)) return document;
  const manifests = childrenOf(image, document).filter(({ mediaType }) => isManifestType(mediaType));
  const isDefault = ({ platform }: Descriptor) =>
    platform?.os === DEFAULT_PLATFORM.os && platform.architecture === DEFAULT_PLATFORM.architecture;
  const chosen = manifests.find(isDefault) ?? manifests[0];
  return chosen && documents.get(chosen.digest);
}
