import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { LayerKey, MadeLayer } from "../../src/host.ts";
import { fileError, isSystemError } from "./file-error.ts";
import { entrySchema, nameOf } from "./layer-cache-entry.ts";
import type { CachedLayer, StoredLayerCache, Warn } from "./stored-layer-cache.ts";

/** A file for each entry, renamed into place: readers see it whole or not at all, and writers do not meet. */
export function layerCacheFolder(folder: string, warn: Warn): StoredLayerCache {
  const pathOf = (name: string) => join(folder, name.slice(0, 2), `${name}.json`);

  async function get(key: LayerKey): Promise<MadeLayer | undefined> {
    const path = pathOf(nameOf(key));
    const entry = await readEntry(path, warn);
    if (!entry || entry.input !== key.input || entry.work !== key.work) return undefined;
    const now = new Date();
    // When it was last of use; a cache that may not be written is of use all the same.
    await utimes(path, now, now).catch(() => {});
    return entry;
  }

  async function put({ input, work }: LayerKey, { diffId, digest, size }: MadeLayer): Promise<void> {
    const path = pathOf(nameOf({ input, work }));
    const temporary = `${path}.${randomBytes(6).toString("hex")}.part`;
    try {
      await mkdir(join(path, ".."), { recursive: true });
      await writeFile(temporary, `${JSON.stringify({ input, work, diffId, digest, size })}\n`);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      warn(`The layer is not remembered: ${fileError(error, "write", path).message}`);
    }
  }

  async function list(): Promise<readonly (CachedLayer & { readonly path: string })[]> {
    const entries: (CachedLayer & { readonly path: string })[] = [];
    for (const name of await namesIn(folder)) {
      const path = join(folder, name);
      const entry = await readEntry(path, warn);
      if (entry) entries.push({ ...entry, used: (await stat(path)).mtimeMs, path });
    }
    return entries.sort((a, b) => b.used - a.used);
  }

  return {
    get,
    put,
    list: async () => (await list()).map(({ path: _, ...entry }) => entry),
    async prune(before) {
      const old = (await list()).filter(({ used }) => used < before);
      for (const { path } of old) await rm(path, { force: true });
      return old.length;
    },
    close: async () => {},
  };
}

async function readEntry(path: string, warn: Warn): Promise<(MadeLayer & LayerKey) | undefined> {
  try {
    return v.parse(entrySchema, JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    if (!isSystemError(error, "ENOENT", "ENOTDIR"))
      warn(`${path} is no entry of a layer cache: it is passed over`);
    return undefined;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(folder, { recursive: true });
    return names.filter((name) => /^[0-9a-f]{2}[\\/][0-9a-f]{64}\.json$/.test(name));
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw fileError(error, "read", folder);
  }
}
