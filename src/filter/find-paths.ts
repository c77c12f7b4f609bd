import { reasonOf, SealiftError } from "../error.ts";
import type { Layer } from "../image/image.ts";
import { openTar } from "../image/open-tar.ts";
import type { Kernels } from "../kernel/kernels.ts";
import type { Digest } from "../oci/digest.ts";
import type { TarType } from "../tar/header.ts";
import { memberPath } from "../tar/member-path.ts";
import { readTar } from "../tar/read.ts";
import { globMatch, type PathMatch } from "./glob.ts";

/** A path of a layer that was looked for. */
export interface FoundPath {
  readonly path: string;
  readonly type: TarType;
  /** Bytes. */
  readonly size: number;
  /** Of a symlink or hard link, as written. */
  readonly target?: string;
}

export interface FoundInLayer {
  /** The layer's diff_id. */
  readonly layer: Digest;
  /** In the order the layer has them. */
  readonly paths: readonly FoundPath[];
}

/** Linux' PATH_MAX: no file has a longer one, and a regular expression may take its time with it. */
const MAX_PATH = 4096;

/**
 * Paths that a glob matches whole or by their last name, or that a regular
 * expression of JavaScript's matches anywhere; `.` and `*` are as the glob has
 * them. Paths over 4096 characters are compared with neither. Throws USAGE.
 */
export function searchMatch(
  pattern: string,
  { regex = false }: { readonly regex?: boolean } = {},
): PathMatch {
  const match = regex ? regexMatch(pattern) : wholeOrLastName(globMatch(pattern));
  return (path) => path.length <= MAX_PATH && match(path);
}

function wholeOrLastName(match: PathMatch): PathMatch {
  return (path) => match(path) || match(path.slice(path.lastIndexOf("/") + 1));
}

function regexMatch(pattern: string): PathMatch {
  if (pattern === "") throw new SealiftError("USAGE", `Cannot use pattern "": it is empty`);
  try {
    const expression = new RegExp(pattern);
    return (path) => expression.test(path);
  } catch (cause) {
    throw new SealiftError("USAGE", `Cannot use pattern "${pattern}": ${reasonOf(cause)}`, { cause });
  }
}

/** The layer's paths that match. Reads it whole, and fails as that does. */
export async function findPaths(layer: Layer, match: PathMatch, kernels: Kernels): Promise<FoundInLayer> {
  const paths: FoundPath[] = [];
  for await (const { name, type, size, linkname } of readTar(await openTar(layer), kernels)) {
    const path = memberPath(name);
    if (path !== "" && match(path)) paths.push({ path, type, size, ...(linkname && { target: linkname }) });
  }
  return { layer: await layer.diffId(), paths };
}
