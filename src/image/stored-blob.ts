import { verifiedContent } from "../bytes/content.ts";
import { type ByteStream, collect } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { MAX_DOCUMENT_SIZE } from "../oci/json.ts";
import type { BlobOrigin, LayerBlob } from "./image.ts";

/** Gives a descriptor's bytes; they are checked by the reader. */
export type OpenBlob = (descriptor: Descriptor) => Promise<ByteStream>;

/** Where blobs are stored. */
export interface BlobStorage {
  readonly open: OpenBlob;
  /** The repository that has them, if it is one. */
  readonly origin?: BlobOrigin;
  /** Whether it has a blob, without reading that. */
  readonly has?: (descriptor: Descriptor) => Promise<boolean>;
}

/** A blob where it is stored, checked whenever it is read. */
export function storedBlob(
  descriptor: Descriptor,
  { open, origin, has }: BlobStorage,
  host: Host,
): LayerBlob {
  const content = verifiedContent(host.kernels, descriptor, () => open(descriptor));
  return {
    ...content,
    descriptor,
    ...(origin && { origin }),
    ...(has && { isThere: () => has(descriptor) }),
  };
}

/** A document's bytes, whole and checked. Throws LIMIT_EXCEEDED for one over the limit. */
export async function readDocument(descriptor: Descriptor, open: OpenBlob, host: Host): Promise<Uint8Array> {
  if (descriptor.size > MAX_DOCUMENT_SIZE) {
    throw new SealiftError(
      "LIMIT_EXCEEDED",
      `Cannot read ${descriptor.digest}: ${descriptor.size} bytes is over the limit of ${MAX_DOCUMENT_SIZE} for a document`,
    );
  }
  return collect(
    verified(await open(descriptor), descriptor, host.kernels),
    descriptor.size,
    descriptor.digest,
  );
}
