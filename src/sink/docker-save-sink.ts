import { ahead } from "../bytes/ahead.ts";
import { type Content, contentOf } from "../bytes/content.ts";
import type { FilesWriter } from "../bytes/files.ts";
import type { Host } from "../host.ts";
import type { Image, Layer } from "../image/image.ts";
import { singlePlatform } from "../image/multi-platform-image.ts";
import { type DockerSaveWriter, writeDockerSave } from "../layout/docker-save-writer.ts";
import { noted } from "./layer-note.ts";
import { DEFAULT_JOBS } from "./put-manifest.ts";
import { repoTags } from "./repo-tags.ts";
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
    commit: (check) => archive.finish(check),
    abort: () => archive.abort(),
  };
}

async function putImage(
  image: Image,
  archive: DockerSaveWriter,
  { name, jobs = DEFAULT_JOBS }: DockerSaveTarget,
  host: Host,
): Promise<SinkResult> {
  const [first] = image.layers;
  // The first goes straight into the archive while the others, if they have to be made, gather in the spool.
  const make = async (layer: Layer) =>
    (layer === first && (await putStraight(layer, archive))) || layer.tar();
  const layers: SinkLayer[] = [];
  for await (const made of ahead(image.layers, jobs, make)) {
    if ("open" in made) await archive.layer(made);
    layers.push(noted({ digest: made.digest, size: made.size, outcome: "written" }, host));
  }
  const diffIds = layers.map(({ digest }) => digest);
  const config = contentOf(host.kernels, (await image.config()).bytes);
  for (const layer of image.layers) await layer.release();
  await archive.image({ config, diffIds, repoTags: repoTags(image) });
  return { name, config: config.digest, layers };
}

/** A stored layer unpacked into the archive without waiting in the spool, which is half of the work; undefined if it cannot be. */
async function putStraight(
  layer: Layer,
  archive: DockerSaveWriter,
): Promise<Pick<Content, "digest" | "size"> | undefined> {
  if (!layer.isStored || !archive.layerStream) return undefined;
  const digest = await layer.diffId();
  const size = await archive.layerStream(digest, () => layer.stream());
  return size === undefined ? undefined : { digest, size };
}
