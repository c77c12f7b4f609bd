import { verifiedContent } from "../bytes/content.ts";
import { type ByteStream, chunksOf, collect, streamFrom } from "../bytes/stream.ts";
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
  /** A part of a blob, not checked; absent where reading it whole costs no more. */
  readonly openRange?: (descriptor: Descriptor, start: number, end: number) => Promise<ByteStream>;
  /** The repository that has them, if it is one. */
  readonly origin?: BlobOrigin;
  /** Whether it has a blob, without reading that. Throws SIZE_MISMATCH, DIGEST_MISMATCH where it tells of another. */
  readonly has?: (descriptor: Descriptor) => Promise<boolean>;
}

/** A blob where it is stored, checked whenever it is read. */
export function storedBlob(
  descriptor: Descriptor,
  { open, openRange, origin, has }: BlobStorage,
  host: Host,
): LayerBlob {
  const content = verifiedContent(host.kernels, descriptor, () => open(descriptor));
  const { size } = descriptor;
  const slice = (start = 0, end = size) =>
    streamFrom(openedWhenRead(() => (openRange ?? open)(descriptor, start, Math.min(end, size))));
  return {
    ...content,
    descriptor,
    ...(openRange && { slices: { size, slice } }),
    ...(origin && { origin }),
    ...(has && { isThere: () => has(descriptor) }),
  };
}

async function* openedWhenRead(open: () => Promise<ByteStream>) {
  yield* chunksOf(await open());
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
