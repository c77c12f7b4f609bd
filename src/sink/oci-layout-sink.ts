import { contentOf } from "../bytes/content.ts";
import type { FilesWriter } from "../bytes/files.ts";
import type { Host } from "../host.ts";
import type { OciLayout } from "../layout/oci-layout.ts";
import { writeOciLayout } from "../layout/oci-layout-writer.ts";
import { ANNOTATION } from "../oci/descriptor.ts";
import type { Sink, SinkLayer } from "./sink.ts";

export interface OciLayoutTarget {
  /** For messages: the path. */
  readonly name: string;
  /** The entry's ref.name; the image's own tag, or `latest`, without it. */
  readonly ref?: string;
  /** The layout that is already there, to add to. */
  readonly existing?: OciLayout;
}

/** Writes an OCI layout, as an archive or a folder, with blobs as they are and index.json last. */
export function ociLayoutSink(writer: FilesWriter, target: OciLayoutTarget, host: Host): Sink {
  return async (image) => {
    const layout = writeOciLayout(writer, target.existing);
    try {
      const layers: SinkLayer[] = [];
      for (const layer of image.layers) {
        const blob = await layer.blob();
        await layout.blob(blob);
        layers.push({
          digest: blob.digest,
          size: blob.size,
          outcome: target.existing?.has(blob) ? "exists" : "written",
        });
      }
      const config = await image.config();
      const manifest = await image.manifest();
      await layout.blob(contentOf(host.kernels, config.bytes));
      await layout.blob(contentOf(host.kernels, manifest.bytes));
      for (const layer of image.layers) await layer.release();
      const annotations = { [ANNOTATION.refName]: target.ref ?? image.ref ?? tagOf(image.name) };
      const entry = { ...manifest.descriptor, annotations };
      await layout.finish([entry]);
      return { name: target.name, manifest: entry, layers };
    } catch (error) {
      await layout.abort();
      throw error;
    }
  };
}

function tagOf(name = ""): string {
  return /:([A-Za-z0-9_][A-Za-z0-9._-]*)(?:@|$)/.exec(name.slice(name.lastIndexOf("/") + 1))?.[1] ?? "latest";
}
