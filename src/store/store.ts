/**
 * A registry's storage as four small ports. Content is addressed by digest and
 * shared by all repositories; what a repository holds is membership, so that a
 * mount writes one record and no repository reads another's blobs.
 */
import type { ByteStream } from "../bytes/stream.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";

export interface Store {
  readonly blobs: Blobs;
  readonly manifests: Manifests;
  readonly tags: Tags;
  readonly uploads: Uploads;
}

export interface Blobs {
  /** Size in bytes, if the repository has the blob. */
  size(repository: string, digest: Digest): Promise<number | undefined>;
  /** Bytes from `start` up to, not including, `end`. Call only after `size` gave one; throws BLOB_UNKNOWN if it went. */
  open(repository: string, digest: Digest, start?: number, end?: number): Promise<ByteStream>;
  /** Makes a blob of `from` (of any repository without it) a member of `repository`. False if there is none. */
  mount(repository: string, digest: Digest, from?: string): Promise<boolean>;
  /** Ends the membership. False if there was none. */
  remove(repository: string, digest: Digest): Promise<boolean>;
}

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Exactly as pushed. */
  readonly bytes: Uint8Array;
}

export interface Manifests {
  get(repository: string, digest: Digest): Promise<StoredManifest | undefined>;
  /** Stores a manifest, and its referrer record if it has a subject. Idempotent. */
  put(repository: string, manifest: StoredManifest, referrer?: Referrer): Promise<void>;
  /** False if there was none. Its own referrer record goes too. */
  remove(repository: string, digest: Digest): Promise<boolean>;
  /** The manifests of this repository whose subject is `subject`, by digest; it need not exist. */
  referrers(repository: string, subject: Digest): Promise<readonly Descriptor[]>;
}

/** What the referrers list of `subject` shows of a manifest. */
export interface Referrer {
  readonly subject: Digest;
  readonly descriptor: Descriptor;
}

export interface Tags {
  get(repository: string, tag: string): Promise<Digest | undefined>;
  /**
   * Points the tag at `next` (undefined: removes it) if it is at `expected`
   * (undefined: does not exist). False, and nothing done, if it is elsewhere.
   */
  compareAndSwap(
    repository: string,
    tag: string,
    expected: Digest | undefined,
    next: Digest | undefined,
  ): Promise<boolean>;
  /** Tags in byte order, those after `last`, at most `limit`; undefined if the repository is unknown. */
  list(repository: string, options?: PageOptions): Promise<readonly string[] | undefined>;
  /** Repositories in byte order. */
  repositories(options?: PageOptions): Promise<readonly string[]>;
}

export interface PageOptions {
  /** Only what comes after this name. */
  readonly last?: string;
  readonly limit?: number;
}

export interface Uploads {
  /** Begins an upload; the id is unguessable. */
  start(repository: string): Promise<string>;
  /** Bytes received so far; undefined if there is no such upload. */
  offset(repository: string, id: string): Promise<number | undefined>;
  /**
   * Appends the stream at `offset`, which must be the bytes received so far
   * (else RANGE_INVALID, nothing written). What arrived before a broken stream
   * is kept, as far as `offset` then says. `length` is the stream's, where it is
   * known: a store may lay out large bodies by it. Resolves to the new offset.
   * Throws BLOB_UPLOAD_UNKNOWN.
   */
  append(repository: string, id: string, offset: number, body: ByteStream, length?: number): Promise<number>;
  /**
   * Publishes the upload as a blob of the repository if its digest holds;
   * else throws DIGEST_MISMATCH and drops the upload. The same end may be asked
   * for again, as who lost the answer does: for about a day, and as long as the
   * repository has the blob. Where the first is still under way, it is waited for.
   * Throws BLOB_UPLOAD_UNKNOWN, RANGE_INVALID if another writes.
   */
  finish(repository: string, id: string, digest: Digest): Promise<void>;
  /** False if there was none. */
  cancel(repository: string, id: string): Promise<boolean>;
}
