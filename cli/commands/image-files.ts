import { SealiftError } from "../../src/error.ts";
import { singlePlatform } from "../../src/image/multi-platform-image.ts";
import { ImageFiles } from "../../src/inspect/image-files.ts";
import { openImage } from "../../src/pipeline/pipeline.ts";
import type { NodeHost } from "../host/host.ts";
import { folderIndexCache } from "../host/index-cache.ts";
import { runOptions } from "./pipeline.ts";
import { schemesOf } from "./schemes.ts";
import type { SourceOptions } from "./source.ts";

/** The files of the image that a source names; indexes of its layers are kept unless `cache` is false. */
export async function openImageFiles(
  source: string,
  options: SourceOptions & { readonly cache?: boolean },
  host: NodeHost,
): Promise<ImageFiles> {
  const image = await openImage(source, schemesOf(host), host, runOptions(options));
  const single = singlePlatform(image, "a file list");
  return new ImageFiles(single, host, options.cache === false ? undefined : folderIndexCache());
}

/** As many as help; more are a search. */
const MAX_SIMILAR = 5;

export function noSuchFile(path: string, files: ImageFiles): SealiftError {
  const similar = files.similar(path);
  const shown = similar.slice(0, MAX_SIMILAR).map((one) => `/${one}`);
  const hint =
    shown.length > 0 ? `There is ${shown.join(", ")}${similar.length > MAX_SIMILAR ? ", …" : ""}.` : "";
  return new SealiftError("NOT_FOUND", `Cannot find ${path}: the image has no such file`, { hint });
}
