import { contentOf } from "../bytes/content.ts";
import type { FilesWriter } from "../bytes/files.ts";
import type { Host } from "../host.ts";
import type { Image } from "../image/image.ts";
import { writeDockerSave } from "../layout/docker-save-writer.ts";
import type { Digest } from "../oci/digest.ts";
import type { Sink, SinkLayer } from "./sink.ts";

/** Writes what `docker save` writes, as an archive or a folder: uncompressed layers, then config and manifest.json. */
export function dockerSaveSink(writer: FilesWriter, name: string, host: Host): Sink {
  return async (image) => {
    const archive = writeDockerSave(writer);
    try {
      const layers: SinkLayer[] = [];
      const diffIds: Digest[] = [];
      for (const layer of image.layers) {
        const tar = await layer.tar();
        await archive.layer(tar);
        diffIds.push(tar.digest);
        layers.push({ digest: tar.digest, size: tar.size, outcome: "written" });
      }
      const config = contentOf(host.kernels, (await image.config()).bytes);
      for (const layer of image.layers) await layer.release();
      await archive.image({ config, diffIds, repoTags: repoTags(image) });
      await archive.finish();
      return { name, layers };
    } catch (error) {
      await archive.abort();
      throw error;
    }
  };
}

/** `load` wants repository:tag; what has neither gets no name rather than a made-up one. */
function repoTags({ name }: Image): readonly string[] {
  if (!name) return [];
  const [bare = ""] = name.split("@");
  return bare.lastIndexOf(":") > bare.lastIndexOf("/") ? [bare] : [`${bare}:latest`];
}
