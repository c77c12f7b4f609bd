import { lstat, mkdir, open, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Content } from "../../src/bytes/content.ts";
import type { CheckBefore, FileMode, FilesWriter, MakeFile } from "../../src/bytes/files.ts";
import type { RootFsWriter } from "../../src/bytes/root-fs.ts";
import { sideBySide } from "../../src/bytes/side-by-side.ts";
import { chunksOf, streamOf } from "../../src/bytes/stream.ts";
import { isSealiftError, SealiftError } from "../../src/error.ts";
import { LOCK_FILE, sweepAbandoned, temporaryName } from "./abandoned.ts";
import { BatchedWrites } from "./batched-writes.ts";
import { ClaimedNames, parentNames } from "./claimed-names.ts";
import { fileError, filing, isSystemError } from "./file-error.ts";
import { ifExists } from "./fs-store-files.ts";
import { waitForLock } from "./fs-store-lock.ts";
import { forget, removeAtExit } from "./leftovers.ts";
import { randomHex } from "./node-crypto.ts";
import { moveFolder, removeTree } from "./read-only-folders.ts";
import { syncFolder, syncFolders } from "./sync-folder.ts";
import { SyncQueue } from "./sync-queue.ts";

/** Node's threads for files: nothing else is under way then. */
const FOLDERS_AT_ONCE = 4;

/**
 * Files gathered in a staging folder on the same disk and moved into `path` at
 * `commit`, replacing files of the same names. A folder that did not exist
 * appears whole. Throws UNSAFE_PATH, NO_SPACE, IO.
 */
export async function createFolder(path: string): Promise<FilesWriter> {
  const exists = await folderExists(path);
  const base = exists ? path : await nearestFolder(dirname(resolve(path)));
  await sweepAbandoned(base);
  const staging = join(base, temporaryName());
  await filing("write", path, () => mkdir(staging));
  removeAtExit(staging);
  return new FolderWriter(path, staging, exists);
}

class FolderWriter implements FilesWriter {
  readonly sideBySide = true;
  readonly #path: string;
  readonly #staging: string;
  readonly #exists: boolean;
  readonly #names = new ClaimedNames();
  /** Of the staging folder, those that are there or on their way. */
  readonly #made = new Map<string, Promise<unknown>>();
  /** Asked for by name: there even if nothing lies in them. */
  readonly #ownFolders = new Set<string>();
  /** Folders that are moved as a whole. */
  readonly #rootFolders = new Set<string>();
  /** Made last: nothing is ever written through a link of the content's own. */
  readonly #links = new Map<string, string>();
  readonly #syncs = new SyncQueue();

  constructor(path: string, staging: string, exists: boolean) {
    this.#path = path;
    this.#staging = staging;
    this.#exists = exists;
  }

  /**
   * A root file system's files are not waited for, each alone: a sync beside
   * them would wait for them all, and make nothing whole that they are part of.
   */
  get #durable(): boolean {
    return this.#rootFolders.size === 0;
  }

  async write(name: string, content: Pick<Content, "size" | "open">, mode: FileMode = 0o644): Promise<void> {
    this.#names.claim(name);
    try {
      await this.#stage(name, content, mode);
    } catch (error) {
      // Half of it must not be moved into place with what else is written.
      this.#names.release(name);
      // Where the name was refused, this is refused too, and is no news.
      await rm(join(this.#staging, name), { force: true }).catch(() => {});
      throw error;
    }
  }

  async #stage(name: string, content: Pick<Content, "size" | "open">, mode: FileMode): Promise<void> {
    const target = join(this.#staging, name);
    const path = join(this.#path, name);
    await filing("write", path, async () => {
      await this.#make(dirname(target));
      const handle = await open(target, "wx", mode);
      const writes = new BatchedWrites(handle, { durable: this.#durable });
      try {
        for await (const chunk of chunksOf(await content.open())) await writes.give(chunk);
        await writes.finish();
      } catch (error) {
        await handle.close();
        throw error;
      }
      if (!this.#durable) return handle.close();
      await this.#syncs.add({
        sync: () => filing("write", path, () => writes.sync()),
        close: () => filing("write", path, () => handle.close()),
      });
    });
  }

  /** Each once: of a folder of blobs, every other write would ask the disk for it again. */
  #make(folder: string): Promise<unknown> {
    if (folder === this.#staging) return Promise.resolve();
    const made = this.#made.get(folder) ?? mkdir(folder, { recursive: true });
    this.#made.set(folder, made);
    made.catch(() => this.#made.delete(folder));
    return made;
  }

  async symlink(name: string, target: string): Promise<void> {
    this.#names.claim(name);
    this.#links.set(name, target);
  }

  async folder(name: string): Promise<void> {
    this.#names.claimFolder(name);
    this.#ownFolders.add(name);
  }

  async rootFs(name: string): Promise<RootFsWriter> {
    this.#names.claim(name);
    this.#rootFolders.add(name);
    const folder = join(this.#staging, name);
    await filing("write", join(this.#path, name), () => mkdir(folder, { recursive: true, mode: 0o700 }));
    const { NodeRootFs } = await import("./root-fs.ts");
    return new NodeRootFs(folder);
  }

  commit(check?: CheckBefore): Promise<void> {
    return this.#commit(() => (this.#exists ? this.#moveIntoPlace() : this.#appear(check)));
  }

  commitWith(name: string, make: MakeFile, check?: CheckBefore): Promise<void> {
    this.#names.claim(name);
    return this.#commit(async () => {
      if (await this.#appearsFirst(name, make, check)) return;
      // Others shall not wait for this one's disk.
      await this.#syncs.done();
      const lock = await waitForLock(join(this.#path, LOCK_FILE));
      try {
        const present = await ifExists(readFile(join(this.#path, name)));
        // As it was made for a folder that was not there yet.
        await rm(join(this.#staging, name), { force: true });
        await this.#stageBytes(name, await make(present));
        await this.#moveIntoPlace(name);
      } finally {
        await lock.release();
      }
    });
  }

  async #commit(move: () => Promise<void>): Promise<void> {
    try {
      await move();
    } catch (error) {
      await this.abort();
      throw error;
    }
    await this.abort();
  }

  /** Whether the folder was not there, and now is: of several processes that try, one's rename succeeds. */
  async #appearsFirst(name: string, make: MakeFile, check?: CheckBefore): Promise<boolean> {
    if (await folderExists(this.#path)) return false;
    await this.#stageBytes(name, await make(undefined));
    try {
      await this.#appear(check);
      return true;
    } catch (error) {
      if (isSealiftError(error, "ALREADY_EXISTS")) return false;
      throw error;
    }
  }

  async #stageBytes(name: string, bytes: Uint8Array): Promise<void> {
    await this.#stage(name, { size: bytes.length, open: async () => streamOf(bytes) }, 0o644);
  }

  async abort(): Promise<void> {
    await this.#syncs.stop();
    await removeTree(this.#staging);
    forget(this.#staging);
  }

  /** The whole folder at once. */
  async #appear(check?: CheckBefore): Promise<void> {
    await filing("write", this.#path, async () => {
      await this.#makeFolders(this.#staging);
      await this.#makeLinks(this.#staging);
    });
    // The disk goes on meanwhile.
    await check?.(this.#staging);
    await this.#syncs.done();
    const parent = dirname(resolve(this.#path));
    const made = await filing("write", this.#path, async () => {
      const first = await mkdir(parent, { recursive: true });
      await rename(this.#staging, this.#path);
      return first;
    });
    if (this.#durable) await syncFolders(parent, made);
  }

  /**
   * Looked over first, so that a conflict is found before anything has moved.
   * `last` names the others, and so is moved when their names are on the disk.
   */
  async #moveIntoPlace(last?: string): Promise<void> {
    await this.#syncs.done();
    for (const name of this.#names) await this.#refuseConflict(name);
    for (const name of this.#ownFolders) await this.#refuseLinkAbove(`${name}/`);
    await filing("write", this.#path, () => this.#makeFolders(this.#path));
    for (const name of this.#names) if (name !== last) await this.#move(name);
    await filing("write", this.#path, () => this.#makeLinks(this.#path));
    await this.#syncFolders();
    if (last === undefined) return;
    await this.#move(last);
    if (this.#durable) await syncFolder(this.#path);
  }

  /** A new file's name is on the disk with the file, on all that keep a journal; one that it was given later is not. */
  async #syncFolders(): Promise<void> {
    if (!this.#durable) return;
    const folders = ["", ...this.#names.folders].map((folder) => join(this.#path, folder));
    await sideBySide(folders, FOLDERS_AT_ONCE, syncFolder);
  }

  async #move(name: string): Promise<void> {
    const target = join(this.#path, name);
    await filing("write", target, async () => {
      await mkdir(dirname(target), { recursive: true });
      if (this.#rootFolders.has(name)) await this.#setAside(name);
      if (this.#rootFolders.has(name)) await moveFolder(join(this.#staging, name), target);
      else if (!this.#links.has(name)) await rename(join(this.#staging, name), target);
    });
  }

  /** The folder of the same name goes where the staging folder's end takes it along. */
  async #setAside(name: string): Promise<void> {
    const aside = join(this.#staging, `${randomHex(6)}.old`);
    try {
      await moveFolder(join(this.#path, name), aside);
    } catch (error) {
      if (!isSystemError(error, "ENOENT")) throw error;
    }
  }

  async #makeFolders(folder: string): Promise<void> {
    for (const name of this.#ownFolders) await mkdir(join(folder, name), { recursive: true });
  }

  async #makeLinks(folder: string): Promise<void> {
    for (const [name, target] of this.#links) {
      const link = join(folder, name);
      await mkdir(dirname(link), { recursive: true });
      await rm(link, { force: true });
      await symlink(target, link);
    }
  }

  async #refuseConflict(name: string): Promise<void> {
    await this.#refuseLinkAbove(name);
    const target = join(this.#path, name);
    const found = await lstat(target).catch(() => undefined);
    const fits = this.#rootFolders.has(name) === (found?.isDirectory() ?? false);
    if (!found || fits) return;
    const what = found.isDirectory() ? "a folder" : "a file";
    throw new SealiftError("IO", `Cannot write ${target}: it is ${what}`);
  }

  /** A link standing in the target folder would lead the move elsewhere. */
  async #refuseLinkAbove(name: string): Promise<void> {
    for (const parent of parentNames(name)) {
      const path = join(this.#path, parent);
      const found = await lstat(path).catch(() => undefined);
      if (found?.isSymbolicLink()) {
        throw new SealiftError("UNSAFE_PATH", `Cannot write "${name}": ${path} is a link`);
      }
    }
  }
}

async function folderExists(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return false;
    throw fileError(error, "write", path);
  }
  throw new SealiftError("IO", `Cannot write folder ${path}: a file stands there`);
}

/** What is made below it is on the same disk, so that a rename suffices. */
async function nearestFolder(path: string): Promise<string> {
  return (await folderExists(path)) ? path : nearestFolder(dirname(path));
}
