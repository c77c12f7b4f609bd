/** A mirror over memory, and things to push to it. */
import { randomBytes } from "node:crypto";
import { streamOf } from "../../../src/bytes/stream.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { createMirror, type Mirror } from "../../../src/mirror/mirror.ts";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { Store } from "../../../src/store/store.ts";
import { bytesOf, hash } from "../../contract/store.ts";

export async function memoryRegistry(
  options: { sparse?: boolean } = {},
): Promise<{ mirror: Mirror; store: Store }> {
  const kernels = await fallbackKernels();
  const store = memoryStore(kernels, (length) => new Uint8Array(randomBytes(length)));
  return { store, mirror: createMirror({ store, kernels, ...options }) };
}

/** A blob of the repository, and its descriptor. */
export async function pushBlob(
  mirror: Mirror,
  repository: string,
  content: string,
  mediaType: string = MEDIA_TYPE.ociLayer,
): Promise<Descriptor> {
  const descriptor = describe(content, mediaType);
  await mirror.uploads.push(repository, descriptor.digest, {
    stream: streamOf(bytesOf(content)),
    length: undefined,
  });
  return descriptor;
}

export function describe(content: string, mediaType: string = MEDIA_TYPE.ociLayer): Descriptor {
  const bytes = bytesOf(content);
  return { mediaType, digest: hash(bytes), size: bytes.length };
}

/** An image manifest's bytes and digest; `more` adds to it or replaces. */
export function imageOf(config: Descriptor, layers: Descriptor[], more: Record<string, unknown> = {}) {
  return document({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config, layers, ...more });
}

export function indexOf(manifests: Descriptor[], more: Record<string, unknown> = {}) {
  return document({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests, ...more });
}

function document(value: {
  readonly mediaType: string;
  readonly schemaVersion: 2;
  readonly [field: string]: unknown;
}) {
  const bytes = encodeJson(value);
  const digest = hash(bytes);
  const descriptor: Descriptor = { mediaType: value.mediaType, digest, size: bytes.length };
  return { bytes, digest, descriptor };
}
