/** A FileSystem in memory, for tests that want no disk. */

import type { FileSystem, Files, FilesWriter, FileWriter, TreeEntry } from "../../src/bytes/files.ts";
import { bytesSlices } from "../../src/bytes/slices.ts";
import { chunksOf, concat, streamOf } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";

/** `files` is the disk itself: paths without folders of their own, `/` between parts. */
export interface MemoryFileSystem extends FileSystem {
  readonly files: Map<string, Uint8Array>;
  readonly executables: Set<string>;
  /** Those that were made by name; others are there because something lies in them. */
  readonly folders: Set<string>;
}

export function memoryFileSystem(
  initial: Readonly<Record<string, Uint8Array | string>> = {},
): MemoryFileSystem {
  const encoded = Object.entries(initial).map(([path, content]): [string, Uint8Array] => [
    tidy(path),
    typeof content === "string" ? new TextEncoder().encode(content) : content,
  ]);
  const files = new Map(encoded);
  const executables = new Set<string>();
  const folders = new Set<string>();
  const below = (folder: string) =>
    [...files.keys()]
      .filter((path) => path.startsWith(prefix(folder)))
      .map((path) => path.slice(prefix(folder).length));
  const foldersBelow = (folder: string) =>
    [...folders]
      .filter((path) => path.startsWith(prefix(folder)))
      .map((path) => path.slice(prefix(folder).length));
  const isFolder = (path: string) =>
    tidy(path) === "" || folders.has(tidy(path)) || below(path).length + foldersBelow(path).length > 0;
  const kindOf = (path: string) => (files.has(tidy(path)) ? "file" : isFolder(path) ? "folder" : "none");
  const read = (path: string): Uint8Array => {
    const bytes = files.get(tidy(path));
    if (bytes) return bytes;
    if (kindOf(path) === "folder") throw new SealiftError("IO", `Cannot open ${path}: it is a folder`);
    throw new SealiftError("NOT_FOUND", `Cannot open ${path}: no such file or folder`);
  };
  return {
    files,
    executables,
    folders,
    open: async (path) => bytesSlices(read(path)),
    stream: async (path) => streamOf(read(path)),
    kind: async (path) => kindOf(path),
    folder: async (path) => folderOf(files, path, sorted(needFolder(path, kindOf(path), below(path)))),
    async tree(path) {
      if (kindOf(path) === "file") return [fileEntry("", read(path), executables.has(tidy(path)))];
      const names = needFolder(path, kindOf(path), below(path));
      const made = foldersBelow(path);
      const directories = new Set([...made, ...[...names, ...made].flatMap(parents)]);
      return sorted([...names, ...directories]).map((name) =>
        directories.has(name)
          ? folderEntry(name)
          : fileEntry(name, read(prefix(path) + name), executables.has(tidy(prefix(path) + name))),
      );
    },
    async createFile(path) {
      if (kindOf(path) === "folder") throw new SealiftError("IO", `Cannot write ${path}: it is a folder`);
      return fileWriter((bytes) => files.set(tidy(path), bytes));
    },
    async append(path, bytes) {
      if (kindOf(path) === "folder") throw new SealiftError("IO", `Cannot write ${path}: it is a folder`);
      files.set(tidy(path), concat([files.get(tidy(path)) ?? new Uint8Array(), bytes]));
    },
    async createFolder(path) {
      if (kindOf(path) === "file") {
        throw new SealiftError("IO", `Cannot write folder ${path}: a file stands there`);
      }
      return folderWriter(prefix(path), files, executables, folders);
    },
  };
}

function fileWriter(put: (bytes: Uint8Array) => void): FileWriter {
  const parts: Uint8Array[] = [];
  return {
    async write(chunk) {
      parts.push(chunk.slice());
    },
    async commit() {
      put(concat(parts));
    },
    async abort() {},
  };
}

function folderWriter(
  at: string,
  files: Map<string, Uint8Array>,
  executables: Set<string>,
  folders: Set<string>,
): FilesWriter {
  const staged = new Map<string, { bytes: Uint8Array; executable: boolean }>();
  const stagedFolders = new Set<string>();
  const refuseUnsafe = (name: string) => {
    if (name.split("/").some((part) => ["", ".", ".."].includes(part))) {
      throw new SealiftError("UNSAFE_PATH", `Cannot write "${name}": it is not a name inside the folder`);
    }
  };
  return {
    async write(name, content, mode) {
      refuseUnsafe(name);
      if (staged.has(name)) {
        throw new SealiftError("ALREADY_EXISTS", `Cannot write "${name}": the name comes twice`);
      }
      const parts: Uint8Array[] = [];
      for await (const chunk of chunksOf(await content.open())) parts.push(chunk.slice());
      staged.set(name, { bytes: concat(parts), executable: mode === 0o755 });
    },
    async folder(name) {
      refuseUnsafe(name);
      if (staged.has(name)) {
        throw new SealiftError("ALREADY_EXISTS", `Cannot write "${name}": the name comes twice`);
      }
      stagedFolders.add(name);
    },
    async commitWith(name, make) {
      const bytes = await make(files.get(at + name));
      await this.write(name, { size: bytes.length, open: async () => streamOf(bytes) });
      await this.commit();
    },
    async commit() {
      for (const name of stagedFolders) folders.add(at + name);
      for (const [name, { bytes, executable }] of staged) {
        files.set(at + name, bytes);
        if (executable) executables.add(at + name);
      }
    },
    async abort() {
      staged.clear();
      stagedFolders.clear();
    },
  };
}

function folderOf(files: Map<string, Uint8Array>, path: string, names: readonly string[]): Files {
  const known = new Set(names);
  return {
    names: () => names,
    get(name) {
      const bytes = known.has(name) ? files.get(prefix(path) + name) : undefined;
      return bytes && bytesSlices(bytes);
    },
  };
}

function needFolder(path: string, kind: string, names: string[]): string[] {
  if (kind === "file") throw new SealiftError("IO", `Cannot open folder ${path}: it is a file`);
  if (kind === "none") throw new SealiftError("NOT_FOUND", `Cannot open ${path}: no such file or folder`);
  return names;
}

function fileEntry(path: string, bytes: Uint8Array, executable: boolean): TreeEntry {
  return { path, kind: "file", size: bytes.length, executable, open: () => streamOf(bytes) };
}

function folderEntry(path: string): TreeEntry {
  const open = () => {
    throw new SealiftError("UNSUPPORTED", `Cannot read ${path}: it is a folder`);
  };
  return { path, kind: "directory", size: 0, executable: false, open };
}

function sorted(names: readonly string[]): string[] {
  return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function parents(name: string): string[] {
  const parts = name.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function prefix(folder: string): string {
  const path = tidy(folder);
  return path === "" ? "" : `${path}/`;
}

/** `./a//b/` and `a/b` are one path; a leading `/` stays apart from none. */
function tidy(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return (path.startsWith("/") ? "/" : "") + parts.join("/");
}
