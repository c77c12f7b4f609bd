/** A registry's behaviour without HTTP: what clients may ask, over a store that keeps it. */
import type { Kernels } from "../kernel/kernels.ts";
import type { Store } from "../store/store.ts";
import { type MirrorBlobs, mirrorBlobs } from "./blobs.ts";
import { type ManifestOptions, type MirrorManifests, mirrorManifests } from "./manifests.ts";
import { type MirrorReferrers, mirrorReferrers } from "./referrers.ts";
import { type MirrorTags, mirrorTags } from "./tags.ts";
import { type MirrorUploads, mirrorUploads } from "./uploads.ts";

/**
 * Each part can be wrapped on its own: a pull-through cache fills `blobs` and
 * `manifests`, a policy guards them, a filter stands before `uploads`.
 */
export interface Mirror {
  readonly blobs: MirrorBlobs;
  readonly uploads: MirrorUploads;
  readonly manifests: MirrorManifests;
  readonly tags: MirrorTags;
  readonly referrers: MirrorReferrers;
}

export interface MirrorOptions extends ManifestOptions {
  readonly store: Store;
  readonly kernels: Kernels;
}

/** A registry over one store, taking what the distribution spec lets clients push. */
export function createMirror({ store, kernels, ...options }: MirrorOptions): Mirror {
  return {
    blobs: mirrorBlobs(store),
    uploads: mirrorUploads(store),
    manifests: mirrorManifests(store, kernels, options),
    tags: mirrorTags(store.tags),
    referrers: mirrorReferrers(store),
  };
}
