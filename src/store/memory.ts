import { digestOf } from "../bytes/content.ts";
import { chunksOf, concat, streamOf } from "../bytes/stream.ts";
import type { Kernels } from "../kernel/kernels.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestAlgorithm } from "../oci/digest.ts";
import { pageOf } from "./page.ts";
import { blobUnknown, uploadBusy, uploadUnknown, wrongContent, wrongOffset } from "./refusal.ts";
import type { Blobs, Manifests, Referrer, Store, StoredManifest, Tags, Uploads } from "./store.ts";

interface Repository {
  readonly blobs: Set<Digest>;
  readonly manifests: Map<
    Digest,
    { readonly manifest: StoredManifest; readonly subject: Digest | undefined }
  >;
  /** Subject, then referrer. */
  readonly referrers: Map<Digest, Map<Digest, Descriptor>>;
  readonly tags: Map<string, Digest>;
}

/** Finished uploads that are remembered. */
const MAX_ENDS = 1000;

interface Upload {
  readonly repository: string;
  readonly parts: Uint8Array[];
  size: number;
  busy: boolean;
}

/** All a store holds; gone with the process. */
class Contents {
  readonly repositories = new Map<string, Repository>();
  readonly blobs = new Map<Digest, Uint8Array>();

  /** The repository, which is known from then on. */
  repository(name: string): Repository {
    let repository = this.repositories.get(name);
    if (!repository) {
      repository = { blobs: new Set(), manifests: new Map(), referrers: new Map(), tags: new Map() };
      this.repositories.set(name, repository);
    }
    return repository;
  }

  /** The blob's bytes, if the repository is allowed them. */
  blob(name: string, digest: Digest): Uint8Array | undefined {
    return this.repositories.get(name)?.blobs.has(digest) ? this.blobs.get(digest) : undefined;
  }
}

/** A store in memory, for tests and for hosts that keep nothing. */
export function memoryStore(kernels: Kernels, random: (length: number) => Uint8Array): Store {
  const contents = new Contents();
  return {
    blobs: memoryBlobs(contents),
    manifests: memoryManifests(contents),
    tags: memoryTags(contents),
    uploads: memoryUploads(contents, kernels, random),
  };
}

function memoryBlobs(contents: Contents): Blobs {
  return {
    async size(repository, digest) {
      return contents.blob(repository, digest)?.length;
    },
    async open(repository, digest, start = 0, end) {
      const bytes = contents.blob(repository, digest);
      if (!bytes) throw blobUnknown(digest);
      return streamOf(bytes.subarray(start, end));
    },
    async mount(repository, digest, from) {
      const found =
        from === undefined ? contents.blobs.has(digest) : contents.blob(from, digest) !== undefined;
      if (found) contents.repository(repository).blobs.add(digest);
      return found;
    },
    async remove(repository, digest) {
      const removed = contents.repositories.get(repository)?.blobs.delete(digest) ?? false;
      const held = [...contents.repositories.values()].some(({ blobs }) => blobs.has(digest));
      if (!held) contents.blobs.delete(digest);
      return removed;
    },
  };
}

function memoryManifests(contents: Contents): Manifests {
  return {
    async get(repository, digest) {
      return contents.repositories.get(repository)?.manifests.get(digest)?.manifest;
    },
    async put(name, manifest, referrer) {
      const repository = contents.repository(name);
      const kept = { ...manifest, bytes: manifest.bytes.slice() };
      repository.manifests.set(manifest.digest, { manifest: kept, subject: referrer?.subject });
      if (referrer) addReferrer(repository, referrer);
    },
    async remove(name, digest) {
      const repository = contents.repositories.get(name);
      const entry = repository?.manifests.get(digest);
      if (!repository || !entry) return false;
      if (entry.subject) repository.referrers.get(entry.subject)?.delete(digest);
      return repository.manifests.delete(digest);
    },
    async referrers(name, subject) {
      const referrers = contents.repositories.get(name)?.referrers.get(subject) ?? new Map();
      return [...referrers.keys()].sort().map((digest) => referrers.get(digest));
    },
  };
}

function addReferrer(repository: Repository, { subject, descriptor }: Referrer): void {
  const referrers = repository.referrers.get(subject) ?? new Map<Digest, Descriptor>();
  repository.referrers.set(subject, referrers.set(descriptor.digest, descriptor));
}

function memoryTags(contents: Contents): Tags {
  return {
    async get(repository, tag) {
      return contents.repositories.get(repository)?.tags.get(tag);
    },
    async compareAndSwap(repository, tag, expected, next) {
      if (contents.repositories.get(repository)?.tags.get(tag) !== expected) return false;
      if (next) contents.repository(repository).tags.set(tag, next);
      else contents.repositories.get(repository)?.tags.delete(tag);
      return true;
    },
    async list(repository, options) {
      const tags = contents.repositories.get(repository)?.tags;
      return tags && pageOf(tags.keys(), options);
    },
    async repositories(options) {
      return pageOf(contents.repositories.keys(), options);
    },
  };
}

function memoryUploads(
  contents: Contents,
  kernels: Kernels,
  random: (length: number) => Uint8Array,
): Uploads {
  const uploads = new Map<string, Upload>();
  /** The blobs that uploads became, for clients that lost the answer. */
  const ends = new Map<string, { readonly repository: string; readonly digest: Digest }>();

  const find = (repository: string, id: string) => {
    const upload = uploads.get(id);
    return upload?.repository === repository ? upload : undefined;
  };
  /** The upload, with nobody writing to it. */
  const claim = (repository: string, id: string) => {
    const upload = find(repository, id);
    if (!upload) throw uploadUnknown(id);
    if (upload.busy) throw uploadBusy(id);
    return upload;
  };

  const remember = (id: string, repository: string, digest: Digest) => {
    const [oldest] = ends.keys();
    if (oldest !== undefined && ends.size >= MAX_ENDS) ends.delete(oldest);
    ends.set(id, { repository, digest });
  };
  const isRepeated = (id: string, repository: string, digest: Digest) => {
    const end = ends.get(id);
    return (
      end?.repository === repository &&
      end.digest === digest &&
      contents.blob(repository, digest) !== undefined
    );
  };

  return {
    async start(repository) {
      const id = Array.from(random(16), (byte) => byte.toString(16).padStart(2, "0")).join("");
      uploads.set(id, { repository, parts: [], size: 0, busy: false });
      return id;
    },
    async offset(repository, id) {
      return find(repository, id)?.size;
    },
    async append(repository, id, offset, body) {
      const upload = claim(repository, id);
      if (offset !== upload.size) throw wrongOffset(offset, upload.size);
      upload.busy = true;
      try {
        for await (const chunk of chunksOf(body)) {
          upload.parts.push(chunk.slice());
          upload.size += chunk.length;
        }
        return upload.size;
      } finally {
        upload.busy = false;
      }
    },
    async finish(repository, id, digest) {
      if (isRepeated(id, repository, digest)) return;
      const upload = claim(repository, id);
      uploads.delete(id);
      const bytes = concat(upload.parts, upload.size);
      const actual = digestOf(kernels, bytes, digestAlgorithm(digest));
      if (actual !== digest) throw wrongContent(digest, actual);
      contents.blobs.set(digest, bytes);
      contents.repository(repository).blobs.add(digest);
      remember(id, repository, digest);
    },
    async cancel(repository, id) {
      return find(repository, id) !== undefined && uploads.delete(id);
    },
  };
}
