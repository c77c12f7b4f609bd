import { unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { SealiftError } from "../../src/error.ts";
import { type Digest, isDigest } from "../../src/oci/digest.ts";
import { pageOf } from "../../src/store/page.ts";
import type { Tags } from "../../src/store/store.ts";
import {
  fileBytes,
  folderNames,
  makeFolder,
  putInPlace,
  removeDurably,
  storeError,
  writeTemporary,
} from "./fs-store-files.ts";
import { type Layout, repositoryOf } from "./fs-store-layout.ts";
import { type Lock, waitForLock } from "./fs-store-lock.ts";
import { Turns } from "./fs-store-turns.ts";

/** Tags as files that hold a digest. Moved under a lock, so that two processes agree on who was first. */
export function fsTags(layout: Layout): Tags {
  const turns = new Turns();
  return {
    async get(repository, tag) {
      return readTag(layout.tag(repository, tag));
    },

    compareAndSwap: async (repository, tag, expected, next) => {
      const path = layout.tag(repository, tag);
      // Turns first: the lock is polled, which would be a poor queue within one process.
      return turns.take(path, async () => {
        if ((await readTag(path)) !== expected) return false;
        if (next === expected) return true;
        try {
          const temporary = next && (await writeTemporary(layout.temporary, new TextEncoder().encode(next)));
          await makeFolder(dirname(path));
          await makeFolder(dirname(layout.tagLock(repository, tag)));
          const lock = await waitForLock(layout.tagLock(repository, tag));
          try {
            return await swap(lock, path, expected, temporary);
          } finally {
            await lock.release();
          }
        } catch (error) {
          throw storeError(`move tag ${repository}:${tag}`, error);
        }
      });
    },

    async list(repository, options) {
      const names = await folderNames(layout.tags(repository));
      if (names) return pageOf(names, options);
      return (await folderNames(layout.repository(repository))) && [];
    },

    async repositories(options) {
      const folders = (await folderNames(layout.repositories)) ?? [];
      return pageOf(folders.map(repositoryOf), options);
    },
  };
}

/** Under the lock: compares, then replaces the tag's file, or removes it if there is no new one. */
async function swap(
  lock: Lock,
  path: string,
  expected: Digest | undefined,
  temporary: string | undefined,
): Promise<boolean> {
  const unchanged = (await readTag(path)) === expected && (await lock.isHeld());
  if (!unchanged) {
    if (temporary) await unlink(temporary);
    return false;
  }
  if (temporary) await putInPlace(temporary, path);
  else await removeDurably(path);
  return true;
}

async function readTag(path: string): Promise<Digest | undefined> {
  const bytes = await fileBytes(path);
  if (!bytes) return undefined;
  const text = new TextDecoder().decode(bytes);
  if (!isDigest(text))
    throw new SealiftError("IO", `Cannot read tag ${path}: the file does not hold a digest`);
  return text;
}
