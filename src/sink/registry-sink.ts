import { type Content, contentOf } from "../bytes/content.ts";
import { observed } from "../bytes/progress.ts";
import type { Host } from "../host.ts";
import { formatReference, type Reference, referenceTarget } from "../oci/reference.ts";
import { openRepository, type RepositoryOptions } from "../registry/repository.ts";
import type { Sink, SinkLayer } from "./sink.ts";

/** Puts an image into a registry: layers that are not there, config, then the manifest under its tag. */
export function registrySink(reference: Reference, host: Host, options: RepositoryOptions = {}): Sink {
  return async (image) => {
    const repository = openRepository(host, reference, options);
    const layers: SinkLayer[] = [];
    for (const layer of image.layers) {
      const blob = await layer.blob();
      const outcome = await repository.pushBlob(withProgress(blob, host));
      layers.push({ digest: blob.digest, size: blob.size, outcome });
    }
    const config = await image.config();
    const manifest = await image.manifest();
    await repository.pushBlob(contentOf(host.kernels, config.bytes));
    const { mediaType } = manifest.descriptor;
    const stored = await repository.pushManifest(referenceTarget(reference), manifest.bytes, mediaType);
    for (const layer of image.layers) await layer.release();
    return { name: formatReference({ ...reference, digest: stored.digest }), manifest: stored, layers };
  };
}

function withProgress(blob: Content, host: Host): Content {
  const { digest, size } = blob;
  return {
    digest,
    size,
    open: async () =>
      observed(await blob.open(), (done, finished) =>
        host.log({ type: "progress", id: digest, stage: "uploading", done, total: size, finished }),
      ),
  };
}
