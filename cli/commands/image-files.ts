import { SealiftError } from "../../src/error.ts";
import type { Image } from "../../src/image/image.ts";
import { singlePlatform } from "../../src/image/multi-platform-image.ts";
import { ImageFiles } from "../../src/inspect/image-files.ts";
import { platformImages, platformName } from "../../src/inspect/platform-images.ts";
import { openImage } from "../../src/pipeline/pipeline.ts";
import { nameShownAs, shownName } from "../../src/tar/shown-name.ts";
import type { NodeHost } from "../host/host.ts";
import { folderIndexCache } from "../host/index-cache.ts";
import { runOptions } from "./pipeline.ts";
import { schemesOf } from "./schemes.ts";
import type { SourceOptions } from "./source.ts";

export interface ImageFilesOptions extends SourceOptions {
  readonly cache?: boolean;
}

/** The files of the image that a source names; indexes of its layers are kept unless `cache` is false. */
export async function openImageFiles(
  source: string,
  options: ImageFilesOptions,
  host: NodeHost,
): Promise<ImageFiles> {
  const image = await openImage(source, schemesOf(host), host, runOptions(options));
  return filesOf(singlePlatform(image, "a file list"), options, host);
}

export interface PlatformFiles {
  readonly platform: string;
  readonly files: ImageFiles;
}

/** As {@link openImageFiles}, of each platform's image. */
export async function openPlatformsFiles(
  source: string,
  options: ImageFilesOptions,
  host: NodeHost,
): Promise<readonly PlatformFiles[]> {
  const content = await openImage(source, schemesOf(host), host, runOptions(options));
  return (await platformImages(content)).map(({ platform, image }) => ({
    platform: platformName(platform),
    files: filesOf(image, options, host),
  }));
}

function filesOf(image: Image, { cache }: ImageFilesOptions, host: NodeHost): ImageFiles {
  return new ImageFiles(image, host, cache === false ? undefined : folderIndexCache());
}

/** In the order they are tried. */
export type GivenPaths = readonly [path: string, ...meant: string[]];

/**
 * What a path can mean: itself, and else the one that is shown so, as arguments cannot be bytes that are not
 * UTF-8. Throws USAGE for none: it is a shell's variable that is not set, and no wish for the root.
 */
export function givenPaths(path: string): GivenPaths {
  const meant = nameShownAs(path);
  if (path !== "") return meant === path ? [path] : [path, meant];
  throw new SealiftError("USAGE", "Cannot read the image: the path is empty", {
    hint: "The image's root is /.",
  });
}

/** As many as help; more are a search. */
const MAX_SIMILAR = 5;

export function noSuchFile(path: string, files: ImageFiles): SealiftError {
  const similar = files.similar(path);
  const shown = similar.slice(0, MAX_SIMILAR).map((one) => `/${shownName(one)}`);
  const hint =
    shown.length > 0 ? `There is ${shown.join(", ")}${similar.length > MAX_SIMILAR ? ", …" : ""}.` : "";
  return new SealiftError("NOT_FOUND", `Cannot find ${shownName(path)}: the image has no such file`, {
    hint,
  });
}
