import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { subSlices } from "../../src/bytes/slices.ts";
import { chunksOf, collect } from "../../src/bytes/stream.ts";
import type { KeptToc } from "../../src/image/chunked-layer.ts";
import type { CachedIndex, IndexCache } from "../../src/inspect/index-cache.ts";
import { type Digest, digestHex } from "../../src/oci/digest.ts";
import { BatchedWrites } from "./batched-writes.ts";
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
      const kept = await openToc(path).catch(() => undefined);
      if (kept) await touch(path);
      return kept;
    },
    async writeToc(blob, toc) {
      const pending = await pendingFile(folder);
      try {
        await writeToc(pending, toc);
        await filing("write", pending, () => rename(pending, pathOf(blob, "toc")));
      } catch (error) {
        await rm(pending, { force: true });
        throw error;
      }
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

/** Undefined for a file that is too short to be one. */
async function openToc(path: string): Promise<KeptToc | undefined> {
  const { size } = await stat(path);
  if (size < TOC_HEAD) return undefined;
  const file = fileSlices(path, size);
  const head = await collect(file.slice(0, TOC_HEAD), TOC_HEAD);
  return { start: Buffer.from(head).readUIntLE(0, TOC_HEAD), packed: subSlices(file, TOC_HEAD, size) };
}

async function writeToc(path: string, { start, packed }: KeptToc): Promise<void> {
  const head = Buffer.alloc(TOC_HEAD);
  head.writeUIntLE(start, 0, TOC_HEAD);
  const handle = await filing("write", path, () => open(path, "wx", 0o600));
  try {
    const writes = new BatchedWrites(handle);
    await writes.write(head);
    for await (const chunk of chunksOf(packed.slice())) await filing("write", path, () => writes.give(chunk));
    await filing("write", path, () => writes.finish());
  } finally {
    await handle.close();
  }
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
