import type { Files } from "../bytes/files.ts";
import { type Slices, subSlices } from "../bytes/slices.ts";
import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { HeadReader, truncated } from "./head.ts";
import { paddingOf, type TarHeader } from "./header.ts";
import { SlicesInput, type TarInput } from "./input.ts";
import { safeDirectory, safeLink, safePath } from "./safety.ts";

/** A regular file of an archive, and where its body is. */
export interface TarFile {
  readonly name: string;
  /** Bytes from the archive's start to the body. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/** An archive's files, to be read in any order. */
export interface TarIndex extends Files {
  /** In archive order; links are not among them. */
  readonly files: readonly TarFile[];
}

export interface IndexOptions {
  /**
   * Old dockers wrote a layer that an earlier image has as a symlink:
   * `resolve` gives the file it leads to, `refuse` is for formats of our own.
   */
  readonly links?: "resolve" | "refuse";
}

/** About 100 bytes of memory each; real archives have a few hundred. */
const MAX_MEMBERS = 1_000_000;

/** Longer chains than any writer makes; shorter than a loop. */
const MAX_LINKS = 40;

/**
 * Finds the files of an archive of files (an OCI archive, docker-save's, a
 * bundle), reading its headers only. Names lose a leading `./`; directories
 * are left out.
 * Throws LAYOUT_INVALID on duplicate names, devices and dangling links,
 * UNSAFE_PATH, and as reading does.
 */
export async function indexTar(
  slices: Slices,
  kernels: Kernels,
  options: IndexOptions = {},
): Promise<TarIndex> {
  return tarIndex(slices, await walkMembers(new SlicesInput(slices), kernels, options));
}

/** What a walk over an archive's headers finds. */
export interface Members {
  readonly files: ReadonlyMap<string, TarFile>;
  /** Link targets by name, both in the archive's own names. */
  readonly links: ReadonlyMap<string, string>;
}

/** Walks over an archive's headers. */
export async function walkMembers(
  input: TarInput,
  kernels: Kernels,
  { links: onLink = "resolve" }: IndexOptions,
): Promise<Members> {
  const heads = new HeadReader(input, kernels);
  const files = new Map<string, TarFile>();
  const links = new Map<string, string>();
  for (;;) {
    const head = await heads.next();
    if (head.kind === "end") return { files, links };
    const { header } = head;
    const end = input.position + header.size + paddingOf(header.size);
    const name = memberName(header);
    if (name !== undefined) {
      if (files.has(name) || links.has(name)) throw invalid(name, "the archive has it twice");
      const target = linkTarget(name, header);
      if (target === undefined) files.set(name, { name, offset: input.position, size: header.size });
      else if (onLink === "resolve") links.set(name, target);
      else throw invalid(name, "it is a link");
      if (files.size + links.size > MAX_MEMBERS) {
        throw new SealiftError(
          "LIMIT_EXCEEDED",
          `Cannot read archive: it has more than ${MAX_MEMBERS} members`,
        );
      }
    }
    await input.skip(end - input.position);
    if (input.position < end) throw truncated(input.position);
  }
}

/** The members as files over the archive's bytes, links resolved. */
export function tarIndex(slices: Slices, { files, links }: Members): TarIndex {
  const byName = new Map(files);
  for (const name of links.keys()) byName.set(name, resolve(name, files, links));
  const names = [...byName.keys()];
  return {
    files: [...files.values()],
    names: () => names,
    get(name) {
      const file = byName.get(name);
      return file && subSlices(slices, file.offset, file.offset + file.size);
    },
  };
}

/** The name of a file or link, undefined for a directory. */
function memberName(header: TarHeader): string | undefined {
  if (header.type === "directory") {
    safeDirectory(header.name);
    return undefined;
  }
  const name = safePath(header.name);
  if (header.type === "file" || header.type === "symlink" || header.type === "hardlink") return name;
  throw invalid(name, "it is not a regular file");
}

function linkTarget(name: string, header: TarHeader): string | undefined {
  if (header.type === "symlink") return safeLink(name, header.linkname);
  if (header.type === "hardlink") return safePath(header.linkname);
  return undefined;
}

function resolve(
  name: string,
  files: ReadonlyMap<string, TarFile>,
  links: ReadonlyMap<string, string>,
): TarFile {
  let target = name;
  for (let followed = 0; followed < MAX_LINKS; followed++) {
    const next = links.get(target);
    if (next === undefined) break;
    target = next;
  }
  const file = files.get(target);
  if (!file) throw invalid(name, "it is a link that leads to no file");
  return file;
}

function invalid(name: string, reason: string): SealiftError {
  return new SealiftError("LAYOUT_INVALID", `Cannot read ${JSON.stringify(name)} in archive: ${reason}`);
}
