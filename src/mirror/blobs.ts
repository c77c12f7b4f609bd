import type { ByteStream } from "../bytes/stream.ts";
import type { Digest } from "../oci/digest.ts";
import { blobUnknown } from "../store/refusal.ts";
import type { Store } from "../store/store.ts";

/** A registry's blobs as its clients see them. */
export interface MirrorBlobs {
  /** Bytes. Throws BLOB_UNKNOWN. */
  size(repository: string, digest: Digest): Promise<number>;
  /** Bytes from `start` up to, not including, `end`. Throws BLOB_UNKNOWN. */
  open(repository: string, digest: Digest, start?: number, end?: number): Promise<ByteStream>;
  /** Takes a blob over from another repository, from any without `from`. False if there is none. */
  mount(repository: string, digest: Digest, from?: string): Promise<boolean>;
  /** Throws BLOB_UNKNOWN. */
  remove(repository: string, digest: Digest): Promise<void>;
}

export function mirrorBlobs(store: Store): MirrorBlobs {
  return {
    async size(repository, digest) {
      const size = await store.blobs.size(repository, digest);
      if (size === undefined) throw blobUnknown(digest);
      return size;
    },
    open: (repository, digest, start, end) => store.blobs.open(repository, digest, start, end),
    mount: (repository, digest, from) => store.blobs.mount(repository, digest, from),
    async remove(repository, digest) {
      if (!(await store.blobs.remove(repository, digest))) throw blobUnknown(digest);
    },
  };
}
