import { observed } from "../bytes/progress.ts";
import type { Host } from "../host.ts";
import type { LayerBlob } from "../image/image.ts";
import type { Digest } from "../oci/digest.ts";
import { formatReference, type Reference, referenceTarget } from "../oci/reference.ts";
import type { EarlyUpload } from "../registry/early-upload.ts";
import { openRepository, type Repository, type RepositoryOptions } from "../registry/repository.ts";
import type { PushOutcome } from "../registry/upload.ts";
import { earlyBlobs } from "./early-blob.ts";
import { type BlobContent, DEFAULT_JOBS, type ManifestTarget, putManifest } from "./put-manifest.ts";
import type { Sink } from "./sink.ts";

export interface RegistrySinkOptions extends RepositoryOptions {
  /** Layers under way at once. */
  readonly jobs?: number | undefined;
  /** Which repository of the registry got which blob before; is added to. */
  readonly placed?: Map<Digest, string>;
}

/** Puts images into a repository: what is not there of their blobs, then the manifests, the tagged one last. */
export function registrySink(reference: Reference, host: Host, options: RegistrySinkOptions = {}): Sink {
  const stop = new AbortController();
  const signal = host.signal ? AbortSignal.any([host.signal, stop.signal]) : stop.signal;
  const repository = openRepository({ ...host, signal }, reference, options);
  const target = repositoryTarget(repository, host, options, (error) => stop.abort(error));
  return {
    async put(content) {
      const { document, layers, attachments } = await putManifest(content, target, host, (root) =>
        target.manifest(root, referenceTarget(reference)),
      );
      const { mediaType, digest, size } = document.descriptor;
      const name = formatReference({ ...reference, digest });
      return {
        name,
        manifest: { mediaType, digest, size },
        layers,
        ...(attachments.length > 0 && { attachments }),
      };
    },
    // A registry shows what it is given at once.
    commit: async () => {},
    abort: async () => {},
  };
}

function repositoryTarget(
  repository: Repository,
  host: Host,
  { jobs = DEFAULT_JOBS, placed = new Map() }: RegistrySinkOptions,
  stop: (error: unknown) => void,
): ManifestTarget {
  async function put(blob: BlobContent, early?: EarlyUpload): Promise<PushOutcome> {
    if (placed.get(blob.digest) === repository.repository) return "exists";
    const options = { ...mountOf(blob, repository, placed), early };
    let isUnderWay = false;
    early?.follow(blob, (done) => {
      isUnderWay = true;
      reportUpload(blob, done, host);
    });
    const outcome = await repository.pushBlob(withProgress(blob, host), options);
    if (outcome === "uploaded" || isUnderWay) reportUpload(blob, blob.size, host, true);
    placed.set(blob.digest, repository.repository);
    return outcome;
  }
  const early = earlyBlobs(repository, placed, put);
  return {
    jobs,
    oneByOne: false,
    stop,
    has: (blob) => repository.hasBlob(blob),
    blob: (blob) => put(blob),
    ...(early && { early }),
    async manifest({ descriptor, bytes }, name = descriptor.digest) {
      await repository.pushManifest(name, bytes, descriptor.mediaType);
    },
  };
}

/** What another repository of the same registry has, it can mount from there. */
function mountOf(
  { digest, origin }: Pick<LayerBlob, "digest" | "origin">,
  { registry }: Repository,
  placed: ReadonlyMap<Digest, string>,
) {
  const before = placed.get(digest);
  const there = origin?.registry === registry ? [origin.repository] : [];
  return { mountFrom: before === undefined ? there : [before, ...there] };
}

/** A blob is not there when its last byte was read, but when the registry says so. */
function withProgress<T extends Pick<LayerBlob, "digest" | "size" | "open">>(blob: T, host: Host): T {
  return {
    ...blob,
    open: async () => observed(await blob.open(), (done) => reportUpload(blob, done, host)),
  };
}

function reportUpload(
  { digest, size }: Pick<LayerBlob, "digest" | "size">,
  done: number,
  host: Host,
  finished = false,
): void {
  host.log({ type: "progress", id: digest, stage: "uploading", done, total: size, finished });
}
