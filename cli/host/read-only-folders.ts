/** Folders of images that not even their owner may write to: all but root must change that to move or remove them. */
import { chmod, lstat, readdir, rename, rm } from "node:fs/promises";
import { isSystemError } from "./file-error.ts";

const OWNER_ALL = 0o700;
/** Names are bytes here: they need not be UTF-8. */
const SLASH = Buffer.from("/");

/** Renames a folder; one that moves to another folder is written to, as its parent stands in it. */
export async function moveFolder(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isSystemError(error, "EACCES", "EPERM")) throw error;
    const { mode } = await lstat(from);
    await chmod(from, mode | OWNER_ALL);
    await rename(from, to);
    await chmod(to, mode);
  }
}

/** Removes whatever stands at the path. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!isSystemError(error, "EACCES", "EPERM")) throw error;
    await openFolders(path);
    await rm(path, { recursive: true, force: true });
  }
}

/** Links are not followed: what they lead to is not ours. */
async function openFolders(folder: string | Buffer): Promise<void> {
  await chmod(folder, OWNER_ALL);
  for (const entry of await readdir(folder, { withFileTypes: true, encoding: "buffer" })) {
    if (entry.isDirectory()) await openFolders(Buffer.concat([Buffer.from(folder), SLASH, entry.name]));
  }
}
