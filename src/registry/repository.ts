import { type Content, verifiedContent } from "../bytes/content.ts";
import type { ByteStream } from "../bytes/stream.ts";
import type { Host } from "../host.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { BlobLocations } from "./blob-locations.ts";
import { openBlob } from "./blobs.ts";
import { listRepositories } from "./catalog.ts";
import { RegistryClient, type RegistryOptions } from "./client.ts";
import { EarlyUpload } from "./early-upload.ts";
import { type PulledManifest, pullManifest, pushManifest, resolveManifest } from "./manifests.ts";
import { listReferrers, ReferrersFallback } from "./referrers.ts";
import { hasTags, listTags } from "./tags.ts";
import { checkBlob, findBlob } from "./told-blob.ts";
import { type PushOptions, type PushOutcome, pushBlob } from "./upload.ts";

/** A repository of a remote registry. A `target` is a tag or a digest. */
export interface Repository {
  readonly registry: string;
  readonly repository: string;
  /** What the target stands for now. Throws MANIFEST_UNKNOWN. */
  resolve(target: string): Promise<Descriptor>;
  /** A manifest's or index's bytes, verified. Throws MANIFEST_UNKNOWN, DIGEST_MISMATCH, LIMIT_EXCEEDED. */
  manifest(target: string): Promise<PulledManifest>;
  /** A blob as content that is checked whenever it is read. */
  blob(descriptor: Pick<Descriptor, "digest" | "size">): Content;
  /**
   * A blob's bytes from `start` up to, not including, `end`; broken connections
   * are taken up again. Not verified: see {@link blob}. Throws BLOB_UNKNOWN.
   */
  openBlob(blob: Pick<Descriptor, "digest" | "size">, start?: number, end?: number): Promise<ByteStream>;
  /** Whether the blob is there; one of which the registry tells another size or digest is not. */
  hasBlob(blob: Pick<Descriptor, "digest" | "size">): Promise<boolean>;
  /** As {@link hasBlob}, but throws SIZE_MISMATCH or DIGEST_MISMATCH where another is there. */
  checkBlob(blob: Pick<Descriptor, "digest" | "size">): Promise<boolean>;
  /** Uploads what is not there yet. The content may be opened again after a failure, from its start. */
  pushBlob(content: Content, options?: Pick<PushOptions, "mountFrom" | "early">): Promise<PushOutcome>;
  /** An upload for a blob that is still being made; absent where a request's size has a limit. */
  earlyUpload?(): EarlyUpload;
  /** Stores exactly these bytes; a subject's referrers list is kept where the registry does not do it. */
  pushManifest(target: string, bytes: Uint8Array, mediaType: string): Promise<Descriptor>;
  /** The manifests whose subject has this digest; none is an empty list. */
  referrers(subject: Digest, artifactType?: string): Promise<readonly Descriptor[]>;
  /** In byte order. Throws NAME_UNKNOWN. */
  tags(): Promise<readonly string[]>;
  /** False also where there is no such repository. */
  hasTags(signal?: AbortSignal): Promise<boolean>;
}

export interface RepositoryOptions extends RegistryOptions {
  /** Uploads in requests of at most this many bytes; in one request if not given. */
  readonly chunkSize?: number;
}

/** A registry, whose repositories share logins, tokens and where blobs were found. */
export interface Registry {
  readonly registry: string;
  /** Throws REFERENCE_INVALID when used with a name that is none. */
  repository(name: string): Repository;
  /** Names of all repositories, in byte order. Throws UNSUPPORTED where the registry does not list them. */
  repositories(): Promise<readonly string[]>;
}

/** A remote registry; nothing is sent before it is asked for something. Throws REFERENCE_INVALID. */
export function openRegistry(host: Host, registry: string, options: RepositoryOptions = {}): Registry {
  const client = new RegistryClient(host, registry, options);
  const locations = new BlobLocations(client);
  return {
    registry,
    repository: (name) => repositoryOf(client, locations, name, options.chunkSize),
    repositories: () => listRepositories(client),
  };
}

/** One repository of a remote registry; a reference's tag and digest play no part. */
export function openRepository(
  host: Host,
  { registry, repository }: { readonly registry: string; readonly repository: string },
  options: RepositoryOptions = {},
): Repository {
  return openRegistry(host, registry, options).repository(repository);
}

function repositoryOf(
  client: RegistryClient,
  locations: BlobLocations,
  name: string,
  chunkSize: number | undefined,
): Repository {
  const fallback = new ReferrersFallback(client, name);
  const open: Repository["openBlob"] = ({ digest, size }, start = 0, end = size) =>
    openBlob(client, locations, name, { digest, size, start, end });
  const push = { refusing: new Set<string>(), ...(chunkSize !== undefined && { chunkSize }) };
  return {
    registry: client.endpoint.registry,
    repository: name,
    resolve: (target) => resolveManifest(client, name, target),
    manifest: (target) => pullManifest(client, name, target),
    blob: (descriptor) => verifiedContent(client.host.kernels, descriptor, () => open(descriptor)),
    openBlob: open,
    hasBlob: async (blob) => (await findBlob(client, locations, name, blob)) === "there",
    checkBlob: (blob) => checkBlob(client, locations, name, blob),
    pushBlob: (content, options) => pushBlob(client, name, content, { ...options, ...push }),
    ...(chunkSize === undefined && { earlyUpload: () => new EarlyUpload(client, name) }),
    async pushManifest(target, bytes, mediaType) {
      const { descriptor, headers } = await pushManifest(client, name, target, bytes, mediaType);
      await fallback.record(descriptor, bytes, headers);
      return descriptor;
    },
    referrers: (subject, artifactType) => listReferrers(client, name, subject, artifactType),
    tags: () => listTags(client, name),
    hasTags: (signal) => hasTags(client, name, signal),
  };
}
