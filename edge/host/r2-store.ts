import type { Kernels } from "../../src/kernel/kernels.ts";
import type { Manifests, Store, Tags } from "../../src/store/store.ts";
import type { StoreBindings } from "./cloudflare-bindings.ts";
import { r2Blobs } from "./r2-store-blobs.ts";
import { r2Uploads } from "./r2-store-uploads.ts";

/** A registry's store in an R2 bucket and Durable Objects; the worker itself keeps nothing between requests. */
export function r2Store(bindings: StoreBindings, kernels: Kernels): Store {
  return {
    blobs: r2Blobs(bindings),
    manifests: r2Manifests(bindings),
    tags: r2Tags(bindings),
    uploads: r2Uploads(bindings, kernels),
  };
}

function r2Manifests({ REPOSITORIES }: StoreBindings): Manifests {
  return {
    async get(repository, digest) {
      const manifest = await REPOSITORIES.getByName(repository).manifest(digest);
      return manifest && { digest, mediaType: manifest.mediaType, bytes: manifest.bytes };
    },
    put: (repository, manifest, referrer) =>
      REPOSITORIES.getByName(repository).putManifest(repository, manifest, referrer),
    remove: async (repository, digest) => REPOSITORIES.getByName(repository).removeManifest(digest),
    referrers: async (repository, subject) => REPOSITORIES.getByName(repository).referrers(subject),
  };
}

function r2Tags({ REPOSITORIES, CATALOG }: StoreBindings): Tags {
  return {
    get: async (repository, tag) => REPOSITORIES.getByName(repository).tag(tag),
    compareAndSwap: async (repository, tag, expected, next) =>
      REPOSITORIES.getByName(repository).swapTag(repository, tag, expected, next),
    list: async (repository, options) => REPOSITORIES.getByName(repository).tags(options),
    repositories: async (options) => CATALOG.getByName("").list(options),
  };
}
