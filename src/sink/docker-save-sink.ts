import { ahead } from "../bytes/ahead.ts";
import { contentOf } from "../bytes/content.ts";
import type { FilesWriter } from "../bytes/files.ts";
import type { Host } from "../host.ts";
import type { Image, Named } from "../image/image.ts";
import { singlePlatform } from "../image/multi-platform-image.ts";
import { type DockerSaveWriter, writeDockerSave } from "../layout/docker-save-writer.ts";
import type { Digest } from "../oci/digest.ts";
import { DEFAULT_JOBS } from "./put-manifest.ts";
import type { Sink, SinkLayer, SinkResult } from "./sink.ts";

export interface DockerSaveTarget {
  /** For messages: the path. */
  readonly name: string;
  /** Layers made at once. */
  readonly jobs?: number | undefined;
}

/** Writes what `docker save` writes, as an archive or a folder: uncompressed layers, then configs and manifest.json. */
export function dockerSaveSink(writer: FilesWriter, target: DockerSaveTarget, host: Host): Sink {
  const archive = writeDockerSave(writer);
  return {
    put: (content) => putImage(singlePlatform(content, target.name), archive, target, host),
    commit: () => archive.finish(),
    abort: () => archive.abort(),
  };
}

async function putImage(
  image: Image,
  archive: DockerSaveWriter,
  { name, jobs = DEFAULT_JOBS }: DockerSaveTarget,
  host: Host,
): Promise<SinkResult> {
  const layers: SinkLayer[] = [];
  const diffIds: Digest[] = [];
  for await (const tar of ahead(image.layers, jobs, (layer) => layer.tar())) {
    await archive.layer(tar);
    diffIds.push(tar.digest);
    layers.push({ digest: tar.digest, size: tar.size, outcome: "written" });
  }
  const config = contentOf(host.kernels, (await image.config()).bytes);
  for (const layer of image.layers) await layer.release();
  await archive.image({ config, diffIds, repoTags: repoTags(image) });
  return { name, layers };
}

/** `load` wants repository:tag; what has neither gets no name rather than a made-up one. */
function repoTags({ name }: Named): readonly string[] {
  if (!name) return [];
  const [bare = ""] = name.split("@");
  return bare.lastIndexOf(":") > bare.lastIndexOf("/") ? [bare] : [`${bare}:latest`];
}
