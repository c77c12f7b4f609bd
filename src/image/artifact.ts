import type { Host } from "../host.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Attached, Document, LayerBlob, Named } from "./image.ts";
import { type BlobStorage, storedBlob } from "./stored-blob.ts";

/** A manifest that is no image: a signature, an SBOM, an attestation. It is copied as it is. */
export interface Artifact extends Named, Attached {
  readonly manifest: Document<Manifest>;
  /** Its config, then its layers. */
  readonly blobs: readonly LayerBlob[];
}

/** The artifact of a manifest that is stored somewhere. */
export function storedArtifact(
  manifest: Document<Manifest>,
  storage: BlobStorage,
  host: Host,
  known: Named & Attached = {},
): Artifact {
  const { config, layers } = manifest.value;
  return { ...known, manifest, blobs: [config, ...layers].map((blob) => storedBlob(blob, storage, host)) };
}
