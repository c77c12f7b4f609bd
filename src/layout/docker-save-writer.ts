import type { Content } from "../bytes/content.ts";
import type { CheckBefore, FilesWriter } from "../bytes/files.ts";
import { type ByteStream, streamOf } from "../bytes/stream.ts";
import { type Digest, digestHex } from "../oci/digest.ts";
import { encodeJson } from "../oci/json.ts";
import { DOCKER_SAVE_MANIFEST } from "./docker-save.ts";

/** A docker-save archive being written: layers as they come, each image's config after its layers. */
export interface DockerSaveWriter {
  /** Writes a layer's uncompressed tar, whose digest is its diff_id, unless it was written. */
  layer(tar: Content): Promise<void>;
  /**
   * Writes a layer whose size is not known from a stream that holds it to its
   * diff_id, and gives its size; undefined where that has to be known before, as
   * of a large one. Absent where it always has.
   */
  layerStream?(diffId: Digest, tar: () => Promise<ByteStream>): Promise<number | undefined>;
  /** Writes an image's config, once its layers are written, and lists the image. */
  image(image: DockerSaveDescription): Promise<void>;
  /** Writes the list of images, and commits. */
  finish(check?: CheckBefore): Promise<void>;
  abort(): Promise<void>;
}

export interface DockerSaveDescription {
  readonly config: Content;
  /** The layers' diff_ids, lowest first. */
  readonly diffIds: readonly Digest[];
  /** Names with tags, as `docker load` shall give them. */
  readonly repoTags: readonly string[];
  /** What the catalogue calls it, where there is one. */
  readonly imageName?: string;
}

/**
 * Writes what Docker 1.10 to 24 save, and every docker and podman since loads.
 * In a folder of several images each has a `manifestFile` of its own.
 */
export function writeDockerSave(
  writer: FilesWriter,
  manifestFile: string = DOCKER_SAVE_MANIFEST,
): DockerSaveWriter {
  /** By name; of a layer, its size. */
  const written = new Map<string, number>();
  const { stream } = writer;
  const images: unknown[] = [];
  const once = async (name: string, content: Content) => {
    if (written.has(name)) return;
    await writer.write(name, content);
    written.set(name, content.size);
  };
  return {
    layer: (tar) => once(layerFile(tar.digest), tar),
    ...(stream && {
      async layerStream(diffId: Digest, tar: () => Promise<ByteStream>) {
        const name = layerFile(diffId);
        const before = written.get(name);
        if (before !== undefined) return before;
        const size = await stream(name, await tar());
        if (size !== undefined) written.set(name, size);
        return size;
      },
    }),
    async image({ config, diffIds, repoTags, imageName }) {
      const configFile = `${digestHex(config.digest)}.json`;
      await once(configFile, config);
      images.push({
        Config: configFile,
        RepoTags: repoTags,
        Layers: diffIds.map(layerFile),
        ...(imageName && { ImageName: imageName }),
      });
    },
    async finish(check) {
      const bytes = encodeJson(images);
      await writer.write(manifestFile, { size: bytes.length, open: async () => streamOf(bytes) });
      await writer.commit(check);
    },
    abort: () => writer.abort(),
  };
}

/** Where a layer's uncompressed tar is, by its diff_id. */
export function layerFile(diffId: Digest): string {
  return `${digestHex(diffId)}/layer.tar`;
}
