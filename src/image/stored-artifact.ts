import type { Host } from "../host.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Artifact, Attached, Document, Named } from "./image.ts";
import { type BlobStorage, storedBlob } from "./stored-blob.ts";

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
