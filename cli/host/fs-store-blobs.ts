import { open, stat } from "node:fs/promises";
import { blobUnknown } from "../../src/store/refusal.ts";
import type { Blobs } from "../../src/store/store.ts";
import { fileSize, ifExists, linkDurably, readStream, removeDurably, storeError } from "./fs-store-files.ts";
import type { Layout } from "./fs-store-layout.ts";

/**
 * Blobs as files with one name for all and one for each repository that has
 * them. Names are hard links: mounting and deleting are one system call each,
 * need no lock, and the file system counts who still holds the content.
 */
export function fsBlobs(layout: Layout): Blobs {
  return {
    async size(repository, digest) {
      return fileSize(layout.member(repository, digest));
    },

    async open(repository, digest, start = 0, end) {
      const handle = await ifExists(open(layout.member(repository, digest)));
      if (!handle) throw blobUnknown(digest);
      const { size } = await handle.stat();
      return readStream(handle, start, Math.min(end ?? size, size));
    },

    async mount(repository, digest, from) {
      const origin = from === undefined ? layout.blob(digest) : layout.member(from, digest);
      try {
        return await linkDurably(origin, layout.member(repository, digest), layout.temporary);
      } catch (error) {
        throw storeError(`mount blob ${digest}`, error);
      }
    },

    async remove(repository, digest) {
      if (!(await removeDurably(layout.member(repository, digest)))) return false;
      const shared = layout.blob(digest);
      // A mount between these two lines keeps the content under its own name.
      if ((await ifExists(stat(shared)))?.nlink === 1) await removeDurably(shared);
      return true;
    },
  };
}
