import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { childrenOf } from "../oci/graph.ts";
import type { ImageIndex } from "../oci/image-index.ts";
import { encodeJson } from "../oci/json.ts";
import { isNonDistributable, MEDIA_TYPE } from "../oci/media-type.ts";
import { blobEntries, generatedEntry, type PlannedEntry } from "./archive-plan.ts";
import { type Documents, dockerManifestFor } from "./docker-manifest.ts";
import { OCI_LAYOUT_BYTES } from "./oci-layout.ts";

/**
 * The entries of an archive of one image or index, untouched: an OCI archive
 * that docker and podman load as well. The image's annotations name it.
 */
export function planImageArchive(image: Descriptor, documents: Documents): readonly PlannedEntry[] {
  const index: ImageIndex = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [image] };
  return [
    generatedEntry("oci-layout", OCI_LAYOUT_BYTES),
    generatedEntry("index.json", encodeJson(index)),
    generatedEntry("manifest.json", dockerManifestFor([image], documents)),
    ...blobEntries(reachable(image, documents)),
  ];
}

/** Everything below a descriptor whose documents are at hand, each once, parents first; but for layers that may not travel. */
export function reachable(root: Descriptor, documents: Documents): readonly Descriptor[] {
  const found = new Map<Digest, Descriptor>();
  const visit = (descriptor: Descriptor): void => {
    if (found.has(descriptor.digest) || isNonDistributable(descriptor.mediaType)) return;
    found.set(descriptor.digest, descriptor);
    const document = documents.get(descriptor.digest);
    if (document) for (const child of childrenOf(descriptor, document)) visit(child);
  };
  visit(root);
  return [...found.values()];
}
