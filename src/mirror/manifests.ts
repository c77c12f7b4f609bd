import { digestOf } from "../bytes/content.ts";
import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { type Digest, digestAlgorithm } from "../oci/digest.ts";
import type { Store, StoredManifest } from "../store/store.ts";
import { mediaTypeOf, referrerOf, requireChildren } from "./manifest-check.ts";
import type { ManifestReference } from "./name.ts";
import { moveTag, untag } from "./tags.ts";

/** A manifest as a client pushes it. */
export interface PushedManifest {
  readonly bytes: Uint8Array;
  /** The Content-Type as sent. */
  readonly contentType?: string | undefined;
  /** More tags to point at it (distribution-spec after 1.1, end-7b). */
  readonly tags?: readonly string[];
}

export interface AcceptedManifest {
  readonly digest: Digest;
  readonly subject?: Digest;
}

/** A registry's manifests as its clients see them. */
export interface MirrorManifests {
  /** Throws MANIFEST_UNKNOWN. */
  get(repository: string, reference: ManifestReference): Promise<StoredManifest>;
  /** Throws DIGEST_MISMATCH, SIZE_MISMATCH, MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN. */
  put(repository: string, reference: ManifestReference, pushed: PushedManifest): Promise<AcceptedManifest>;
  /** By tag: only the tag. By digest: the manifest and every tag at it. Throws MANIFEST_UNKNOWN. */
  remove(repository: string, reference: ManifestReference): Promise<void>;
}

export interface ManifestOptions {
  /** Take manifests whose children were not pushed; else MANIFEST_BLOB_UNKNOWN. */
  readonly sparse?: boolean;
}

export function mirrorManifests(
  store: Store,
  kernels: Kernels,
  { sparse = false }: ManifestOptions = {},
): MirrorManifests {
  const { manifests, tags } = store;
  return {
    async get(repository, reference) {
      const digest = reference.digest ?? (await tags.get(repository, reference.tag));
      const manifest = digest && (await manifests.get(repository, digest));
      if (!manifest) throw manifestUnknown(repository, reference);
      return manifest;
    },

    async put(repository, reference, { bytes, contentType, tags: more = [] }) {
      const digest = checkedDigest(kernels, bytes, reference.digest);
      const manifest = { digest, mediaType: mediaTypeOf(bytes, contentType), bytes };
      const referrer = referrerOf(manifest);
      if (!sparse) await requireChildren(store, repository, { ...manifest, size: bytes.length }, bytes);
      const names = new Set(reference.tag === undefined ? more : [reference.tag, ...more]);
      // Order for crashes: what a name leads to is there before the name.
      await manifests.put(repository, manifest, referrer);
      for (const tag of names) await moveTag(tags, repository, tag, digest);
      // A delete by digest may have come between manifest and tags.
      if (names.size > 0 && !(await manifests.get(repository, digest))) {
        await manifests.put(repository, manifest, referrer);
      }
      return { digest, ...(referrer && { subject: referrer.subject }) };
    },

    async remove(repository, reference) {
      if (reference.tag !== undefined) {
        if (await moveTag(tags, repository, reference.tag, undefined)) return;
        throw manifestUnknown(repository, reference);
      }
      await untag(tags, repository, reference.digest);
      const removed = await manifests.remove(repository, reference.digest);
      // A push may have tagged it since; a tag never names what is gone.
      await untag(tags, repository, reference.digest);
      if (!removed) throw manifestUnknown(repository, reference);
    },
  };
}

function checkedDigest(kernels: Kernels, bytes: Uint8Array, expected: Digest | undefined): Digest {
  const digest = digestOf(kernels, bytes, expected && digestAlgorithm(expected));
  if (expected && digest !== expected) {
    throw new SealiftError("DIGEST_MISMATCH", `Cannot store manifest ${expected}: its digest is ${digest}`);
  }
  return digest;
}

function manifestUnknown(repository: string, reference: ManifestReference): SealiftError {
  const name = reference.tag ?? reference.digest;
  return new SealiftError("MANIFEST_UNKNOWN", `Cannot find manifest ${name}: ${repository} does not have it`);
}
