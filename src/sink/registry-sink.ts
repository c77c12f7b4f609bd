import { observed } from "../bytes/progress.ts";
import type { Host } from "../host.ts";
import type { LayerBlob } from "../image/image.ts";
import { formatReference, type Reference, referenceTarget } from "../oci/reference.ts";
import { openRepository, type Repository, type RepositoryOptions } from "../registry/repository.ts";
import { DEFAULT_JOBS, type ManifestTarget, putManifest } from "./put-manifest.ts";
import type { Sink } from "./sink.ts";

export interface RegistrySinkOptions extends RepositoryOptions {
  /** Layers under way at once. */
  readonly jobs?: number | undefined;
}

/** Puts images into a repository: what is not there of their blobs, then the manifests, the tagged one last. */
export function registrySink(reference: Reference, host: Host, options: RegistrySinkOptions = {}): Sink {
  const stop = new AbortController();
  const signal = host.signal ? AbortSignal.any([host.signal, stop.signal]) : stop.signal;
  const repository = openRepository({ ...host, signal }, reference, options);
  const { jobs = DEFAULT_JOBS } = options;
  const target = repositoryTarget(repository, host, jobs, (error) => stop.abort(error));
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
  jobs: number,
  stop: (error: unknown) => void,
): ManifestTarget {
  return {
    jobs,
    oneByOne: false,
    stop,
    has: ({ digest }) => repository.hasBlob(digest),
    blob: (blob) => repository.pushBlob(withProgress(blob, host), mountOf(blob, repository)),
    async manifest({ descriptor, bytes }, name = descriptor.digest) {
      await repository.pushManifest(name, bytes, descriptor.mediaType);
    },
  };
}

/** What another repository of the same registry has, it can mount from there. */
function mountOf({ origin }: Pick<LayerBlob, "origin">, { registry }: Repository) {
  return origin?.registry === registry ? { mountFrom: [origin.repository] } : {};
}

function withProgress<T extends Pick<LayerBlob, "digest" | "size" | "open">>(blob: T, host: Host): T {
  const { digest, size } = blob;
  return {
    ...blob,
    open: async () =>
      observed(await blob.open(), (done, finished) =>
        host.log({ type: "progress", id: digest, stage: "uploading", done, total: size, finished }),
      ),
  };
}
