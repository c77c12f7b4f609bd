import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as v from "valibot";
import { SealiftError } from "../../src/error.ts";
import type { LayerKey } from "../../src/host.ts";
import { COMPRESSED_ONLY } from "../../src/image/tar-layer.ts";
import { isDigest } from "../../src/oci/digest.ts";
import { fileError, isSystemError } from "./file-error.ts";
import { createFile } from "./file-writer.ts";
import { waitForLock } from "./fs-store-lock.ts";
import { entrySchema, nameOf } from "./layer-cache-entry.ts";
import type { CachedLayer, StoredLayerCache, Warn } from "./stored-layer-cache.ts";

const fileSchema = v.object({
  version: v.literal(2),
  layers: v.array(v.object({ ...entrySchema.entries, used: v.number() })),
});

/** occystrap's file: what a registry holds of a layer, by the layer's diff_id. */
const occystrapSchema = v.object({
  version: v.literal(1),
  layers: v.record(
    v.string(),
    v.looseObject({
      compressed_digest: v.string(),
      compressed_size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
      filters_hash: v.string(),
      timestamp: v.optional(v.string()),
    }),
  ),
});

type Entries = Map<string, CachedLayer>;

/**
 * All entries in one file, read when first needed and written at the end,
 * together with what other processes have added since. Of occystrap's file,
 * which tells no diff_id of what its filters made, the layers without filters
 * are taken over. Throws CONFIG_INVALID where the file is something else.
 */
export async function layerCacheFile(path: string, warn: Warn): Promise<StoredLayerCache> {
  let reading: Promise<Entries> | undefined = readEntries(path, warn);
  await reading;
  const added: Entries = new Map();
  const entries = () => (reading ??= readEntries(path, warn));

  async function save(keep: (entry: CachedLayer) => boolean): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    while (!(await savedUnderLock(keep)));
  }

  /** False if the lock was lost before the file was in place: then another's entries might be lost with it. */
  async function savedUnderLock(keep: (entry: CachedLayer) => boolean): Promise<boolean> {
    const lock = await waitForLock(`${path}.lock`);
    try {
      const all = [...new Map([...(await readEntries(path, warn)), ...added]).values()].filter(keep);
      const file = await createFile(path);
      await file.write(new TextEncoder().encode(`${JSON.stringify({ version: 2, layers: all }, null, 2)}\n`));
      const held = await lock.isHeld();
      await (held ? file.commit() : file.abort());
      return held;
    } finally {
      await lock.release();
    }
  }

  return {
    async get(key) {
      const entry = (await entries()).get(nameOf(key)) ?? added.get(nameOf(key));
      if (entry) added.set(nameOf(key), { ...entry, used: Date.now() });
      return entry;
    },
    async put({ input, work }: LayerKey, { diffId, digest, size }) {
      added.set(nameOf({ input, work }), { input, work, diffId, digest, size, used: Date.now() });
    },
    list: async () => [...(await entries()).values()].sort((a, b) => b.used - a.used),
    async prune(before) {
      const old = [...(await entries()).values()].filter(({ used }) => used < before);
      if (old.length > 0) await save(({ used }) => used >= before);
      return old.length;
    },
    async close() {
      if (added.size === 0) return;
      try {
        await save(() => true);
      } catch (error) {
        warn(`The layers are not remembered: ${fileError(error, "write", path).message}`);
      }
    },
  };
}

async function readEntries(path: string, warn: Warn): Promise<Entries> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) warn(fileError(error, "read", path).message);
    return new Map();
  }
  if (text.trim() === "") return new Map();
  const entries = parsed(text);
  // Whatever it is, it is somebody's: it would be lost with the next write.
  if (!entries) {
    throw new SealiftError("CONFIG_INVALID", `Cannot use layer cache ${path}: it is another kind of file`, {
      hint: "Name a file of its own, or a folder.",
    });
  }
  return new Map(entries.map((entry) => [nameOf(entry), entry]));
}

function parsed(text: string): readonly CachedLayer[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const ours = v.safeParse(fileSchema, json);
  if (ours.success) return ours.output.layers;
  const occystrap = v.safeParse(occystrapSchema, json);
  return occystrap.success ? migrated(occystrap.output.layers) : undefined;
}

function migrated(layers: v.InferOutput<typeof occystrapSchema>["layers"]): readonly CachedLayer[] {
  return Object.entries(layers).flatMap(([key, layer]) => {
    // The documentation writes the algorithm before it, the program does not.
    const input = key.startsWith("sha256:") ? key : `sha256:${key}`;
    const digest = layer.compressed_digest;
    if (layer.filters_hash !== "none" || !isDigest(input) || !isDigest(digest)) return [];
    const used = Date.parse(layer.timestamp ?? "") || 0;
    return [{ input, work: COMPRESSED_ONLY, diffId: input, digest, size: layer.compressed_size, used }];
  });
}
