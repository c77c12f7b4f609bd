import { observed } from "../bytes/progress.ts";
import type { Host } from "../host.ts";
import type { Document, LayerBlob } from "../image/image.ts";
import type { Digest } from "../oci/digest.ts";
import { formatReference, type Reference, referenceTarget } from "../oci/reference.ts";
import type { EarlyUpload } from "../registry/early-upload.ts";
import { openRepository, type Repository, type RepositoryOptions } from "../registry/repository.ts";
import type { PushOutcome } from "../registry/upload.ts";
import { earlyBlobs } from "./early-blob.ts";
import { type BlobContent, DEFAULT_JOBS, type ManifestTarget, putManifest } from "./put-manifest.ts";
import type { CheckUnnamed, Sink, SinkResult, Unnamed } from "./sink.ts";

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
    // A registry shows what it is given at once.
    namesAtOnce: true,
    async put(content, check) {
      const { document, layers, attachments } = await putManifest(content, target, host, (root) =>
        nameChecked({ result: resultOf(reference, root), root }, check, () =>
          target.manifest(root, referenceTarget(reference)),
        ),
      );
      return {
        ...resultOf(reference, document),
        layers,
        ...(attachments.length > 0 && { attachments }),
      };
    },
    commit: async () => {},
    abort: async () => {},
  };
}

function resultOf(reference: Reference, { descriptor }: Document<unknown>): SinkResult {
  const { mediaType, digest, size } = descriptor;
  return {
    name: formatReference({ ...reference, digest }),
    manifest: { mediaType, digest, size },
    layers: [],
  };
}

/** Gives what holds its name, if who checks it has not. A name that was refused is no failure of the check. */
async function nameChecked(
  unnamed: Omit<Unnamed, "giveName">,
  check: CheckUnnamed | undefined,
  name: () => Promise<void>,
): Promise<void> {
  let naming: Promise<void> | undefined;
  const giveName = () => {
    naming ??= name();
    return naming;
  };
  try {
    await check?.({ ...unnamed, giveName });
  } catch (error) {
    await naming;
    throw error;
  }
  await giveName();
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
