import { access, appendFile, constants, stat } from "node:fs/promises";
import type { FileSystem, FileWriter } from "../../src/bytes/files.ts";
import { type ByteStream, streamFrom } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";
import { fileError, filing, isSystemError } from "./file-error.ts";
import { fileSlices, fileStream } from "./file-slices.ts";
import { readFolder, readTree } from "./file-tree.ts";
import { createFile } from "./file-writer.ts";
import { createFolder } from "./folder-writer.ts";

/**
 * The disk as the core's file system; a file's `mode` may be given where a
 * secret is written, and a signal that ends the waiting for a named pipe.
 */
export interface NodeFileSystem extends FileSystem {
  stream(path: string, signal?: AbortSignal): Promise<ByteStream>;
  createFile(path: string, mode?: number, signal?: AbortSignal): Promise<FileWriter>;
}

/** The machine's files. Relative paths count from the working directory; `-` to `stream` is standard input. */
export function nodeFileSystem(): NodeFileSystem {
  return { open, stream, folder: readFolder, tree: readTree, kind, createFile, createFolder, append };
}

async function open(path: string) {
  const found = await readable(path);
  if (!found.isFile()) {
    throw new SealiftError("UNSUPPORTED", `Cannot open ${path}: it can only be read from start to end`, {
      hint: "Save it to a file first.",
    });
  }
  return fileSlices(path, found.size);
}

async function stream(path: string, signal?: AbortSignal) {
  if (path === "-") return streamFrom(process.stdin);
  const isPipe = (await readable(path)).isFIFO();
  return isPipe ? (await import("./named-pipe.ts")).readPipe(path, signal) : fileStream(path);
}

async function readable(path: string) {
  const found = await filing("open", path, () => stat(path));
  if (found.isDirectory()) throw new SealiftError("IO", `Cannot open ${path}: it is a folder`);
  await filing("open", path, () => access(path, constants.R_OK));
  return found;
}

async function kind(path: string): Promise<"file" | "folder" | "none"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return "none";
    throw fileError(error, "open", path);
  }
}

function append(path: string, bytes: Uint8Array): Promise<void> {
  return filing("write", path, () => appendFile(path, bytes));
}
