import type { FilesWriter } from "../../src/bytes/files.ts";
import { chunksOf } from "../../src/bytes/stream.ts";
import { reasonOf, SealiftError } from "../../src/error.ts";

/**
 * Writes files into a folder the user picked. A file appears under its name
 * when its content held: the browser writes beside it until it is closed.
 * What was made is removed if a later one fails. Throws ALREADY_EXISTS rather
 * than replace what is there.
 */
export function folderFilesWriter(root: FileSystemDirectoryHandle): FilesWriter {
  const made: { readonly parent: FileSystemDirectoryHandle; readonly name: string }[] = [];

  return {
    async write(path, content) {
      const { parent, name } = await parentOf(root, path);
      if (await exists(parent, name)) {
        throw new SealiftError("ALREADY_EXISTS", `Cannot write ${path}: the folder has one already`, {
          hint: "Pick an empty folder.",
        });
      }
      const handle = await parent.getFileHandle(name, { create: true });
      made.push({ parent, name });
      const writable = await handle.createWritable();
      try {
        for await (const chunk of chunksOf(await content.open())) {
          await writable.write(chunk as Uint8Array<ArrayBuffer>);
        }
        await writable.close();
      } catch (error) {
        await writable.abort().catch(() => {});
        throw error instanceof SealiftError ? error : notWritten(path, error);
      }
    },
    async folder(path) {
      await parentOf(root, `${path}/-`);
    },
    async commit() {},
    async abort() {
      for (const { parent, name } of made.reverse()) await parent.removeEntry(name).catch(() => {});
    },
  };
}

async function parentOf(root: FileSystemDirectoryHandle, path: string) {
  const parts = path.split("/");
  const name = parts.pop() as string;
  let parent = root;
  try {
    for (const part of parts) parent = await parent.getDirectoryHandle(part, { create: true });
  } catch (error) {
    throw notWritten(path, error);
  }
  return { parent, name };
}

async function exists(parent: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  try {
    await parent.getFileHandle(name);
    return true;
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return false;
    throw notWritten(name, error);
  }
}

function notWritten(path: string, cause: unknown): SealiftError {
  const full = cause instanceof DOMException && cause.name === "QuotaExceededError";
  return new SealiftError(full ? "NO_SPACE" : "IO", `Cannot write ${path}: ${reasonOf(cause)}`, { cause });
}
