import { ahead } from "../bytes/ahead.ts";
import { type Content, contentOf } from "../bytes/content.ts";
import { commitWith, type Files, type FilesWriter, type MakeFile } from "../bytes/files.ts";
import { drain } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { counted, isSealiftError, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Image, Layer } from "../image/image.ts";
import { singlePlatform } from "../image/multi-platform-image.ts";
import { unpackLayers } from "../image/unpack.ts";
import { wasteOf } from "../image/waste.ts";
import {
  CATALOG_FILE,
  type Catalog,
  type CatalogName,
  catalogName,
  encodeCatalog,
  parseCatalog,
  readCatalog,
  uniqueName,
  withImage,
} from "../layout/catalog.ts";
import { imageInTheWay, type NamedImage } from "../layout/catalogued-name.ts";
import { DOCKER_SAVE_MANIFEST } from "../layout/docker-save.ts";
import { layerFile, writeDockerSave } from "../layout/docker-save-writer.ts";
import type { Digest } from "../oci/digest.ts";
import { shownName } from "../tar/shown-name.ts";
import { noted } from "./layer-note.ts";
import { DEFAULT_JOBS } from "./put-manifest.ts";
import { repoTags } from "./repo-tags.ts";
import { newRootFs } from "./root-fs.ts";
import type { Sink, SinkLayer, SinkResult } from "./sink.ts";

export interface FolderTarget {
  /** For messages: the path. */
  readonly name: string;
  /** Layers made at once. */
  readonly jobs?: number | undefined;
  /** What the catalogue shall call the image; its own name without it. */
  readonly imageName?: string;
  /** Lists the image in a file of its own, so that the folder holds many. */
  readonly uniqueNames?: boolean;
  /** Unpacks the root file system beside the image's files. */
  readonly expand?: Expand;
  /** What the folder holds already. */
  readonly existing?: Files;
  /** What it holds when it is asked for: another run may have written there meanwhile. */
  readonly present?: () => Promise<Files | undefined>;
}

/** Unpacks an image into the folder that is being written; `name` is that of the list of the image's files. */
export type Expand = (
  image: Image,
  writer: FilesWriter,
  name: string,
  host: Host,
) => Promise<Pick<SinkResult, "waste">>;

/** Adds images to a folder of images: docker-save's files and a catalogue of them. Layers that are there are kept. */
export function folderSink(writer: FilesWriter, target: FolderTarget, host: Host): Sink {
  const listed: NamedImage[] = [];
  const replaces = !target.uniqueNames;
  const once = writtenOnce(writer);
  return {
    async put(content) {
      const image = singlePlatform(content, target.name);
      if (listed.length > 0 && !target.uniqueNames) {
        throw new SealiftError("UNSUPPORTED", `Cannot write ${target.name}: it holds one image`);
      }
      const name = nameOf(image, target);
      const file = replaces ? DOCKER_SAVE_MANIFEST : `${uniqueName(name)}.json`;
      const tags = repoTags(target.imageName ? { name: target.imageName } : image);
      const named = { name, file, repoTags: tags };
      refuseSameFile(listed, named);
      // Before its layers are made; what comes meanwhile is refused at the commit.
      const { existing } = target;
      if (existing) await refuseOther(named, existing, await readCatalog(existing), replaces);
      const result = await putImage(image, named, { writer, once }, target, host);
      listed.push(named);
      return result;
    },
    commit(check) {
      const catalog: MakeFile = async (present) => {
        const before = present ? parseCatalog(present) : {};
        const files = await target.present?.();
        if (files) for (const named of listed) await refuseOther(named, files, before, replaces);
        return encodeCatalog(listed.reduce((all, { name, file }) => withImage(all, name, file), before));
      };
      return commitWith(writer, CATALOG_FILE, catalog, check);
    },
    abort: () => writer.abort(),
  };
}

/** Files that several images share are named by what is in them. */
function writtenOnce(writer: FilesWriter): FilesWriter {
  const written = new Set<string>();
  return {
    async write(name, content) {
      if (written.has(name)) return;
      await writer.write(name, content);
      written.add(name);
    },
    commit: async () => {},
    abort: () => writer.abort(),
  };
}

/** `a/b` and `a_b` would be one file. */
function refuseSameFile(listed: readonly NamedImage[], image: NamedImage): void {
  const { file } = image;
  if (listed.some((other) => other.file === file))
    throw inTheWay(image, `another image of this run stands in ${file}`);
}

/** The same in runs of their own, where the file's name is not all of the image's. */
async function refuseOther(
  image: NamedImage,
  files: Files,
  catalog: Catalog,
  replaces: boolean,
): Promise<void> {
  const other = await imageInTheWay(image, files, catalog, replaces);
  if (other)
    throw inTheWay(image, `another image, ${shownName(other.name)}, stands in ${shownName(other.file)}`);
}

function inTheWay({ name, repoTags }: NamedImage, reason: string): SealiftError {
  const [full = `${name.image}:${name.tag}`] = repoTags;
  return new SealiftError("ALREADY_EXISTS", `Cannot write ${full}: ${reason}`, {
    hint: "Write the two into folders of their own.",
  });
}

async function putImage(
  image: Image,
  { name, file, repoTags: tags }: NamedImage,
  { writer, once }: { readonly writer: FilesWriter; readonly once: FilesWriter },
  target: FolderTarget,
  host: Host,
): Promise<SinkResult> {
  const { existing, expand, jobs = DEFAULT_JOBS } = target;
  const archive = writeDockerSave(once, file);
  const layers: SinkLayer[] = [];
  for await (const { held, tar } of ahead(image.layers, jobs, (layer) =>
    tarUnlessHeld(layer, existing, host),
  )) {
    if (tar) await archive.layer(tar);
    layers.push(noted(held ?? { digest: tar.digest, size: tar.size, outcome: "written" }, host));
  }
  const unpacked = await expand?.(image, writer, file.replace(/\.json$/, ""), host);
  const config = contentOf(host.kernels, (await image.config()).bytes);
  for (const layer of image.layers) await layer.release();
  await archive.image({
    config,
    diffIds: layers.map(({ digest }) => digest),
    repoTags: tags,
    ...(target.uniqueNames && { imageName: name.image }),
  });
  await archive.finish();
  return { name: target.name, config: config.digest, layers, ...unpacked };
}

type TarUnlessHeld =
  | { readonly held: SinkLayer; readonly tar?: undefined }
  | { readonly held?: undefined; readonly tar: Content };

async function tarUnlessHeld(layer: Layer, existing: Files | undefined, host: Host): Promise<TarUnlessHeld> {
  const digest = await layer.diffId();
  const size = existing && (await sizeIfHeld(existing, digest, host));
  if (size !== undefined) return { held: { digest, size, outcome: "exists" } };
  return { tar: await layer.tar() };
}

/** The size of the layer's file, if the folder holds it whole; what is damaged is written again. */
async function sizeIfHeld(existing: Files, diffId: Digest, host: Host): Promise<number | undefined> {
  const file = existing.get(layerFile(diffId));
  if (!file) return undefined;
  try {
    return await drain(verified(file.slice(), { digest: diffId }, host.kernels));
  } catch (error) {
    if (!isSealiftError(error, "DIGEST_MISMATCH")) throw error;
    host.log({ type: "warning", message: `Replacing ${layerFile(diffId)}: it is damaged` });
    return undefined;
  }
}

/** Unpacks the root file system into a folder, and tells what flattening the image would save. */
export const expandRootFs: Expand = async (image, writer, folder, host) => {
  const { tree } = await unpackLayers(image.layers, await newRootFs(writer, folder), host);
  const waste = wasteOf(tree);
  for (const { path, wasted, versions, removed } of waste.paths) {
    const fate = removed ? "and none of them is left" : "of which one is left";
    host.log({
      type: "debug",
      message: `${shownName(path)}: ${counted(versions.length, "version")} ${fate}, ${wasted} bytes wasted`,
    });
  }
  host.log({
    type: "info",
    message: `Flattening image would save ${waste.wasted} bytes: ${counted(waste.paths.length, "file is", "files are")} replaced or removed by higher layers`,
  });
  return { waste };
};

/** What it is called where it came from; a tag alone names no image. */
function nameOf(image: Image, { imageName }: FolderTarget): CatalogName {
  const name = imageName ?? image.name;
  if (name) return catalogName(name);
  const { ref = "latest" } = image;
  return /[:/]/.test(ref) ? catalogName(ref) : { image: "unknown", tag: ref };
}
