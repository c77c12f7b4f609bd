import { randomBytes } from "node:crypto";
import { open, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CachedIndex, IndexCache } from "../../src/inspect/index-cache.ts";
import { type Digest, digestHex } from "../../src/oci/digest.ts";
import { cacheFolder } from "./cache-folder.ts";
import { filing } from "./file-error.ts";
import { fileSlices } from "./file-slices.ts";
import { makeFolder } from "./make-folder.ts";

/** Of all that is kept, in bytes: the indexes of about 30 GB of layers. */
const MAX_SIZE = 1e9;
/** What a process that was ended has left is removed after this time, in milliseconds. */
const STALE = 24 * 3600 * 1000;
/** Of a table of contents' file: where in its blob the table is, little-endian. */
const TOC_HEAD = 6;
const NEW_FILE = { flag: "wx", mode: 0o600 };

/**
 * What is kept of layers in a folder: an index and its members, or a table of
 * contents; the least used is given up where all are over `maxSize` bytes.
 */
export function folderIndexCache(
  folder: string = cacheFolder(process.env, "layer-index"),
  maxSize: number = MAX_SIZE,
): IndexCache {
  const pathOf = (blob: Digest, what: string) => join(folder, `${digestHex(blob)}.${what}`);
  return {
    async open(blob) {
      const [index, members] = [pathOf(blob, "index"), pathOf(blob, "members")];
      const cached = await openBoth(index, members);
      if (cached) await touch(index, members);
      return cached;
    },
    async readToc(blob) {
      const path = pathOf(blob, "toc");
      const kept = await readFile(path).catch(() => undefined);
      if (!kept || kept.length < TOC_HEAD) return undefined;
      await touch(path);
      return { start: kept.readUIntLE(0, TOC_HEAD), packed: new Uint8Array(kept.subarray(TOC_HEAD)) };
    },
    async writeToc(blob, { start, packed }) {
      const pending = await pendingFile(folder);
      const head = Buffer.alloc(TOC_HEAD);
      head.writeUIntLE(start, 0, TOC_HEAD);
      await filing("write", pending, () => writeFile(pending, Buffer.concat([head, packed]), NEW_FILE));
      await filing("write", pending, () => rename(pending, pathOf(blob, "toc")));
      await prune(folder, maxSize);
    },
    async create(blob) {
      const pending = await pendingFile(folder);
      const handle = await filing("write", pending, () => open(pending, "wx", 0o600));
      return {
        index: {
          write: (chunk) => filing("write", pending, async () => void (await handle.writeFile(chunk))),
        },
        async commit(members) {
          await handle.close();
          // The index comes last: what has one has both.
          const list = `${pending}m`;
          await filing("write", list, async () => {
            const file = await open(list, "wx", 0o600);
            await file.writeFile(members);
            await file.close();
          });
          await filing("write", list, () => rename(list, pathOf(blob, "members")));
          await filing("write", pending, () => rename(pending, pathOf(blob, "index")));
          await prune(folder, maxSize);
        },
        async abort() {
          await handle.close().catch(() => {});
          await rm(pending, { force: true });
          await rm(`${pending}m`, { force: true });
        },
      };
    },
  };
}

/** A name in the folder, which is there then, for a file that is not complete. */
async function pendingFile(folder: string): Promise<string> {
  await filing("make", folder, async () => makeFolder(folder));
  return join(folder, `.${randomBytes(8).toString("hex")}`);
}

async function openBoth(index: string, members: string): Promise<CachedIndex | undefined> {
  try {
    const [{ size }, { size: memberSize }] = await Promise.all([stat(index), stat(members)]);
    return { index: fileSlices(index, size), members: fileSlices(members, memberSize) };
  } catch {
    return undefined;
  }
}

/** When it was used last is what tells what to give up. */
async function touch(...paths: readonly string[]): Promise<void> {
  const now = new Date();
  await Promise.all(paths.map((path) => utimes(path, now, now).catch(() => {})));
}

async function prune(folder: string, maxSize: number): Promise<void> {
  const files: { readonly path: string; readonly size: number; readonly used: number }[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) files.push({ path, size: found.size, used: found.mtimeMs });
  }
  files.sort((a, b) => b.used - a.used);
  let total = 0;
  for (const { path, size, used } of files) {
    const isPending = /\/\.[0-9a-f]+m?$/.test(path);
    total += size;
    const isOld = isPending ? Date.now() - used > STALE : total > maxSize;
    if (isOld) await rm(path, { force: true });
  }
}
