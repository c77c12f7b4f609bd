import { constants, type Dirent, statSync } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Files, TreeEntry } from "../../src/bytes/files.ts";
import type { Slices } from "../../src/bytes/slices.ts";
import { type ByteStream, streamFrom } from "../../src/bytes/stream.ts";
import { decodeName, isUtf8 } from "../../src/bytes/surrogate-escape.ts";
import { SealiftError } from "../../src/error.ts";
import { shownName } from "../../src/tar/shown-name.ts";
import { isTransient } from "./abandoned.ts";
import { filing } from "./file-error.ts";
import { fileSlices, fileStream } from "./file-slices.ts";

/** Deeper than any real tree. */
const MAX_DEPTH = 64;

/** Everything below `root` in byte order of path, links as links; a file gives itself, with path "". */
export async function readTree(root: string): Promise<readonly TreeEntry[]> {
  const found = await filing("open", root, () => stat(root));
  if (!found.isDirectory()) return [fileEntry(root, "", found, 0)];
  const paths: string[] = [];
  await visit(root, "", 0, async (path, entry) => {
    paths.push(path);
    return entry.isDirectory();
  });
  const entries: TreeEntry[] = [];
  for (const path of inByteOrder(paths)) entries.push(await treeEntry(root, path));
  return entries;
}

/**
 * The files below `root` by name; sizes are those of now. Links are followed,
 * those to folders once each: loops and fans of links would never end. Folders
 * are entered where `enters` admits them.
 */
export async function readFolder(
  root: string,
  enters: (folder: string) => boolean = () => true,
): Promise<Files> {
  const found = await filing("open", root, () => stat(root));
  if (!found.isDirectory()) throw new SealiftError("IO", `Cannot open folder ${root}: it is a file`);
  const sizes = new Map<string, number>();
  const entered = new Set([identityOf(found)]);
  await visit(root, "", 0, async (path, entry) => {
    // Another run may be writing here.
    if (isTransient(path.slice(path.lastIndexOf("/") + 1))) return false;
    const followed = await filing("open", join(root, path), () => stat(join(root, path)));
    if (followed.isFile()) sizes.set(path, followed.size);
    if (!followed.isDirectory() || !enters(path)) return false;
    if (entry.isDirectory()) return true;
    if (entered.has(identityOf(followed))) return false;
    entered.add(identityOf(followed));
    return true;
  });
  const names = inByteOrder([...sizes.keys()]);
  return {
    names: () => names,
    get(name) {
      const size = sizes.get(name) ?? sizeOfLater(root, name, enters);
      return size === undefined ? undefined : wholeAsOpened(join(root, name), size);
    },
  };
}

/** A file that another run has put there since the listing: a list read later may name it. */
function sizeOfLater(root: string, name: string, enters: (folder: string) => boolean): number | undefined {
  const parts = name.split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".." || isTransient(part)))
    return undefined;
  const parents = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
  if (!parents.every(enters)) return undefined;
  const found = statSync(join(root, name), { throwIfNoEntry: false });
  return found?.isFile() ? found.size : undefined;
}

/** Read whole, a file is what stands there then: another run may have put a longer index.json there since the listing. */
function wholeAsOpened(path: string, size: number): Slices {
  const slices = fileSlices(path, size);
  const isWhole = (start?: number, end?: number) => start === undefined && end === undefined;
  return {
    size,
    slice: (start, end) => (isWhole(start, end) ? fileStream(path) : slices.slice(start, end)),
  };
}

type Visitor = (path: string, entry: Dirent<Buffer>) => Promise<boolean>;

/** Calls `see` with each path below the folder; enters what `see` says is a folder to enter. */
async function visit(root: string, below: string, depth: number, see: Visitor): Promise<void> {
  const folder = join(root, below);
  if (depth > MAX_DEPTH) {
    throw new SealiftError("LIMIT_EXCEEDED", `Cannot read ${folder}: more than ${MAX_DEPTH} folders deep`);
  }
  const entries = await filing("read folder", folder, () =>
    readdir(folder, { withFileTypes: true, encoding: "buffer" }),
  );
  for (const entry of entries) {
    const name = utf8(entry.name, folder, "name");
    const path = below === "" ? name : `${below}/${name}`;
    if (await see(path, entry)) await visit(root, path, depth + 1, see);
  }
}

async function treeEntry(root: string, path: string): Promise<TreeEntry> {
  const full = join(root, path);
  const found = await filing("open", full, () => lstat(full));
  if (found.isSymbolicLink()) {
    const target = await filing("read link", full, () => readlink(full, { encoding: "buffer" }));
    return {
      ...shapeOf("symlink", path),
      target: utf8(target, full, "target"),
      open: () => unreadable(full, "it is a link"),
    };
  }
  if (found.isDirectory()) {
    return { ...shapeOf("directory", path), open: () => unreadable(full, "it is a folder") };
  }
  return fileEntry(full, path, found, constants.O_NOFOLLOW ?? 0);
}

/** `flags`: a file exchanged for a link between listing and reading must not be followed. */
function fileEntry(
  full: string,
  path: string,
  found: { isFile(): boolean; size: number; mode: number },
  flags: number,
) {
  if (!found.isFile()) {
    return { ...shapeOf("other", path), open: () => unreadable(full, "it is a device, pipe or socket") };
  }
  return {
    ...shapeOf("file", path),
    size: found.size,
    executable: (found.mode & 0o111) !== 0,
    open: () => fileStream(full, constants.O_RDONLY | flags),
  };
}

function identityOf(found: { readonly dev: number; readonly ino: number }): string {
  return `${found.dev}:${found.ino}`;
}

function shapeOf<Kind extends TreeEntry["kind"]>(kind: Kind, path: string) {
  return { path, kind, size: 0, executable: false };
}

function unreadable(path: string, reason: string): ByteStream {
  return streamFrom(
    // biome-ignore lint/correctness/useYield: a stream that fails when read
    (async function* () {
      throw new SealiftError("UNSUPPORTED", `Cannot read ${path}: ${reason}`);
    })(),
  );
}

/** What goes into JSON, and into folders of other machines, must be text. */
function utf8(bytes: Buffer, path: string, what: string): string {
  const text = decodeName(bytes);
  if (isUtf8(text)) return text;
  throw new SealiftError("UNSUPPORTED", `Cannot read ${path}: the ${what} "${shownName(text)}" is not UTF-8`);
}

/** By UTF-8 bytes: JavaScript's own order differs beyond U+FFFF. */
function inByteOrder(paths: readonly string[]): string[] {
  return paths
    .map((path) => ({ path, bytes: Buffer.from(path) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ path }) => path);
}
