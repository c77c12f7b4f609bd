/** What wrangler.jsonc binds: the worker's only surroundings. */
import type { CatalogObject } from "./cloudflare-catalog.ts";
import type { ContentObject } from "./cloudflare-content.ts";
import type { RepositoryObject } from "./cloudflare-repository.ts";
import type { UploadObject } from "./cloudflare-upload.ts";

/** Where the R2 store keeps things: bytes in the bucket, everything that must be agreed on in Durable Objects. */
export interface StoreBindings {
  readonly BUCKET: R2Bucket;
  /** One for each upload, by its id. */
  readonly UPLOADS: DurableObjectNamespace<UploadObject>;
  /** One for each blob, by its digest. */
  readonly CONTENTS: DurableObjectNamespace<ContentObject>;
  /** One for each repository, by its name. */
  readonly REPOSITORIES: DurableObjectNamespace<RepositoryObject>;
  /** One. */
  readonly CATALOG: DurableObjectNamespace<CatalogObject>;
}

export interface Bindings extends StoreBindings {
  /** The verifier page's files, where they were deployed. */
  readonly ASSETS?: Fetcher;
  /** Origins whose pages may use the registry, separated by spaces; `*`: all may read it. */
  readonly CORS_ORIGINS?: string;
  /** `true`: takes manifests whose children were not pushed. */
  readonly SPARSE_MANIFESTS?: string;
}
