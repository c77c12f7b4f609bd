/** Files that survive a crash whole: what has a final name is complete and on disk. */
import {
  copyFile,
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  unlink,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ByteStream } from "../../src/bytes/stream.ts";
import { reasonOf, SealiftError } from "../../src/error.ts";
import { randomHex } from "./node-crypto.ts";

/** Large enough that a system call costs nothing beside its bytes. */
const READ_SIZE = 256 * 1024;

/** The code of a failed system call, for example ENOENT. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The system's refusal as our error: NO_SPACE for a full disk or quota, else IO. */
export function storeError(what: string, error: unknown): SealiftError {
  if (error instanceof SealiftError) return error;
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new SealiftError("NO_SPACE", `Cannot ${what}: no space left on the device`, { cause: error });
  }
  return new SealiftError("IO", `Cannot ${what}: ${reasonOf(error)}`, { cause: error });
}

/** The result, or undefined where the file does not exist. */
export async function ifExists<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Makes the entries of a folder durable. Windows cannot open folders, and needs no such call. */
export async function syncFolder(path: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    if (systemCode(error) === "EISDIR" || systemCode(error) === "EPERM") return;
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder with all above it, each durable in its parent. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    await syncFolder(folder);
    if (folder === dirname(first) || folder === dirname(folder)) return;
  }
}

/** Writes a file that has no final name yet; give it one with {@link putInPlace}. */
export async function writeTemporary(folder: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, randomHex(16));
  const handle = await open(path, "wx");
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } catch (error) {
    await handle.close();
    await rm(path, { force: true });
    throw error;
  }
  await handle.close();
  return path;
}

/** Gives a complete file its final name, replacing what was there. */
export async function putInPlace(temporary: string, path: string): Promise<void> {
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Writes a small file whole, in one step for every observer. */
export async function writeDurably(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  await makeFolder(dirname(path));
  await putInPlace(await writeTemporary(folder, bytes), path);
}

/** Removes a file for good. False if there was none. */
export async function removeDurably(path: string): Promise<boolean> {
  if ((await ifExists(unlink(path).then(() => true))) === undefined) return false;
  await syncFolder(dirname(path));
  return true;
}

/**
 * A second name for a complete file; a file already of that name stays. False
 * if there is no such file. Where the file system has no hard links, or no more
 * of them for this file, a copy, made under `temporary` first.
 */
export async function linkDurably(existing: string, path: string, temporary: string): Promise<boolean> {
  // Checked first: a failed mount must not leave a repository's folder behind.
  if ((await fileSize(existing)) === undefined) return false;
  await makeFolder(dirname(path));
  try {
    await link(existing, path);
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (code === "ENOENT") return false;
    if (!["EEXIST", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"].includes(code))
      throw error;
    if (code !== "EEXIST") await putInPlace(await copyTemporary(existing, temporary), path);
  }
  await syncFolder(dirname(path));
  return true;
}

/** As {@link linkDurably}, but in the place of a file already of that name. */
export async function replaceDurably(existing: string, path: string, temporary: string): Promise<void> {
  const second = join(temporary, randomHex(16));
  if (await linkDurably(existing, second, temporary)) await putInPlace(second, path);
}

async function copyTemporary(existing: string, folder: string): Promise<string> {
  const path = join(folder, randomHex(16));
  try {
    await copyFile(existing, path);
    const handle = await open(path, "r+");
    await handle.sync().finally(() => handle.close());
    return path;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Bytes; undefined if there is no such file. */
export async function fileSize(path: string): Promise<number | undefined> {
  return (await ifExists(stat(path)))?.size;
}

/** A small file's bytes; undefined if there is no such file. */
export function fileBytes(path: string): Promise<Uint8Array | undefined> {
  return ifExists(readFile(path));
}

/** Names in a folder; undefined if there is no such folder. */
export function folderNames(path: string): Promise<string[] | undefined> {
  return ifExists(readdir(path));
}

/** Writes all of the chunk, however the system splits it. */
export async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    const { bytesWritten } = await handle.write(chunk, written, chunk.length - written, position + written);
    written += bytesWritten;
  }
}

/** The open file's bytes from `start` up to `end`; closes the file at the end unless told not to. Fails if the file is shorter. */
export function readStream(
  handle: FileHandle,
  start: number,
  end: number,
  { keepOpen = false } = {},
): ByteStream {
  let position = start;
  const done = async () => {
    if (!keepOpen) await handle.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (position >= end) {
          await done();
          return controller.close();
        }
        try {
          const chunk = new Uint8Array(Math.min(READ_SIZE, end - position));
          const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
          if (bytesRead === 0) throw new Error("the file ends early");
          position += bytesRead;
          controller.enqueue(chunk.subarray(0, bytesRead));
        } catch (error) {
          await done();
          throw storeError("read content", error);
        }
      },
      cancel: done,
    },
    { highWaterMark: 0 },
  );
}
