import { randomBytes } from "node:crypto";
import { type FileHandle, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ByteStream, chunksOf } from "../../src/bytes/stream.ts";
import { isSealiftError } from "../../src/error.ts";
import type { Hasher, Kernels } from "../../src/kernel/kernels.ts";
import { type Digest, digestAlgorithm, formatDigest } from "../../src/oci/digest.ts";
import { uploadBusy, uploadUnknown, wrongContent, wrongOffset } from "../../src/store/refusal.ts";
import type { Uploads } from "../../src/store/store.ts";
import {
  fileSize,
  folderNames,
  ifExists,
  linkDurably,
  makeFolder,
  readStream,
  replaceDurably,
  storeError,
  writeAll,
} from "./fs-store-files.ts";
import { RunningHashes } from "./fs-store-hashes.ts";
import { isUploadId, type Layout, repositoryOf } from "./fs-store-layout.ts";
import { type Lock, tryLock } from "./fs-store-lock.ts";
import { Turns } from "./fs-store-turns.ts";

const LOCK = ".lock";
const SWEEP_INTERVAL = 60 * 60 * 1000;

/**
 * Uploads as files that grow. Only their end is made durable: what was received
 * survives this process, not the machine.
 */
export function fsUploads(layout: Layout, kernels: Kernels, lifetime: number): Uploads {
  const hashes = new RunningHashes();
  const ends = new Turns();
  let swept = Date.now();

  return {
    async start(repository) {
      if (Date.now() - swept > SWEEP_INTERVAL) {
        swept = Date.now();
        // Nobody waits for the cleaning; what it fails to remove, the next one finds again.
        void sweepUploads(layout, lifetime).catch(() => {});
      }
      const id = randomBytes(16).toString("hex");
      const path = layout.upload(repository, id);
      try {
        await makeFolder(layout.uploads(repository));
        await (await open(path, "wx")).close();
      } catch (error) {
        throw storeError("start an upload", error);
      }
      return id;
    },

    async offset(repository, id) {
      return isUploadId(id) ? fileSize(layout.upload(repository, id)) : undefined;
    },

    append: async (repository, id, offset, body) =>
      withUpload(layout.upload(repository, id), id, async (handle, lock) => {
        const received = (await handle.stat()).size;
        if (offset !== received) throw wrongOffset(offset, received);
        const hasher = offset === 0 ? kernels.hasher("sha256") : hashes.take(id, offset);
        return receive(handle, lock, id, offset, body, hasher);
      }),

    async finish(repository, id, digest) {
      const path = layout.upload(repository, id);
      // A client that waits no longer for a slow disk asks again while we still wait for it.
      await ends.take(path, async () => {
        if (!(await hasEnded(layout, repository, id, digest))) await end(path, repository, id, digest);
      });
    },

    async cancel(repository, id) {
      if (!isUploadId(id)) return false;
      hashes.drop(id);
      const path = layout.upload(repository, id);
      return (await ifExists(rm(path).then(() => true))) ?? false;
    },
  };

  function end(path: string, repository: string, id: string, digest: Digest): Promise<void> {
    return withUpload(path, id, async (handle, lock) => {
      const actual = await digestOfUpload(handle, id, digest);
      if (actual !== digest) {
        await rm(path);
        throw wrongContent(digest, actual);
      }
      try {
        await handle.sync();
        // Whoever broke the lock may be writing to this file: it must not become a blob.
        if (!(await lock.isHeld())) throw uploadBusy(id);
        await publish(layout, path, repository, digest);
        // Who lost the answer would be told less, and nothing wrong, without it.
        await writeFile(layout.uploadEnd(repository, id, digest), "").catch(() => {});
        await rm(path);
      } catch (error) {
        throw storeError(`store blob ${digest}`, error);
      }
    });
  }

  /** Writes the stream behind what is there; what arrived before it broke stays, unless the disk was full. */
  async function receive(
    handle: FileHandle,
    lock: Lock,
    id: string,
    offset: number,
    body: ByteStream,
    hasher: Hasher | undefined,
  ): Promise<number> {
    let position = offset;
    let whole = true;
    let full = false;
    try {
      for await (const chunk of chunksOf(body)) {
        if (!lock.isFresh()) throw uploadBusy(id);
        whole = false;
        const written = writeAll(handle, chunk, position).catch((error) => {
          const told = storeError("store an upload", error);
          full = isSealiftError(told, "NO_SPACE");
          throw told;
        });
        // Hashed while the system writes.
        hasher?.update(chunk);
        await written;
        position += chunk.length;
        whole = true;
      }
      return position;
    } finally {
      // A full disk would stay full of what its client, refused, may never go on with.
      if (full && lock.isFresh()) await handle.truncate(offset).catch(() => {});
      if (hasher && whole) hashes.keep(id, position, hasher);
      else hasher?.release();
    }
  }

  async function digestOfUpload(handle: FileHandle, id: string, expected: Digest): Promise<Digest> {
    const algorithm = digestAlgorithm(expected);
    const { size } = await handle.stat();
    const running = hashes.take(id, size);
    if (running && algorithm === "sha256") return formatDigest(algorithm, running.digest());
    running?.release();
    const hasher = kernels.hasher(algorithm);
    try {
      for await (const chunk of chunksOf(readStream(handle, 0, size, { keepOpen: true })))
        hasher.update(chunk);
      return formatDigest(algorithm, hasher.digest());
    } finally {
      hasher.release();
    }
  }
}

/** Whether the upload became this blob, and the repository still has it. */
async function hasEnded(layout: Layout, repository: string, id: string, digest: Digest): Promise<boolean> {
  if ((await fileSize(layout.uploadEnd(repository, id, digest))) === undefined) return false;
  return (await fileSize(layout.member(repository, digest))) !== undefined;
}

/** Names the complete file as content and as the repository's. */
async function publish(layout: Layout, path: string, repository: string, digest: Digest): Promise<void> {
  const member = layout.member(repository, digest);
  await linkDurably(path, layout.blob(digest), layout.temporary);
  await heal(layout, path, digest);
  const linked = await linkDurably(layout.blob(digest), member, layout.temporary);
  // The content's last other owner let go of it between the two lines.
  if (!linked) await linkDurably(path, member, layout.temporary);
}

/**
 * Puts the complete file in the place of all names of this content, if what
 * they name has another size: a disk or somebody has damaged it. Who reads it
 * reads on; what it is read as is checked by every client.
 */
async function heal(layout: Layout, path: string, digest: Digest): Promise<void> {
  const size = await fileSize(path);
  const isDamaged = async (name: string) => {
    const present = await fileSize(name);
    return present !== undefined && present !== size;
  };
  if (!(await isDamaged(layout.blob(digest)))) return;
  const repositories = ((await folderNames(layout.repositories)) ?? []).map(repositoryOf);
  for (const name of [...repositories.map((one) => layout.member(one, digest)), layout.blob(digest)]) {
    if (await isDamaged(name)) await replaceDurably(path, name, layout.temporary);
  }
}

/** Does the work as the upload's only writer in any process. Throws BLOB_UPLOAD_UNKNOWN, RANGE_INVALID if another writes. */
async function withUpload<T>(
  path: string,
  id: string,
  work: (handle: FileHandle, lock: Lock) => Promise<T>,
): Promise<T> {
  if ((await fileSize(path)) === undefined) throw uploadUnknown(id);
  const lock = await tryLock(path + LOCK);
  if (!lock) throw uploadBusy(id);
  try {
    const handle = await ifExists(open(path, "r+"));
    if (!handle) throw uploadUnknown(id);
    try {
      return await work(handle, lock);
    } finally {
      await handle.close();
    }
  } finally {
    await lock.release();
  }
}

/** Removes uploads nobody has added to for `lifetime` milliseconds, and files left on their way by a crash. */
export async function sweepUploads(layout: Layout, lifetime: number): Promise<void> {
  const before = Date.now() - lifetime;
  const folders = (await folderNames(layout.allUploads)) ?? [];
  for (const folder of [...folders.map((name) => join(layout.allUploads, name)), layout.temporary]) {
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const touched = (await ifExists(stat(path)))?.mtimeMs;
      if (touched !== undefined && touched < before) await rm(path, { force: true });
    }
  }
}
