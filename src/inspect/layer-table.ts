import { type SpooledContent, spoolContent } from "../bytes/spool.ts";
import { type ByteStream, streamFrom } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { gunzipIndexing } from "../compression/gzip-indexer.ts";
import { type IndexedGzip, openIndexedGzip } from "../compression/indexed-gzip.ts";
import { reasonOf, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Layer, LayerBlob } from "../image/image.ts";
import { type LayerEntry, layerEntry } from "../image/layer-entries.ts";
import { MAX_TREE_ENTRIES } from "../image/tree-merger.ts";
import type { Digest } from "../oci/digest.ts";
import { declaredCompression } from "../oci/media-type.ts";
import { StreamInput } from "../tar/input.ts";
import { bodyChunks, readHeads } from "../tar/read.ts";
import { type CachedIndexWriter, decodeMembers, encodeMembers, type IndexCache } from "./index-cache.ts";

/** A layer's members, and what else reading it has left. */
export interface LayerTable {
  /** In the layer's order. */
  readonly entries: readonly LayerEntry[];
  /** The contents taken on the way, by their entries' offsets. */
  readonly taken: ReadonlyMap<number, SpooledContent>;
  /** The layer's tar from any offset, checked, without the layer being read. */
  readonly content?: IndexedGzip;
}

/** Whether an entry's content is wanted while the layer is read. */
export type Wanted = (entry: LayerEntry) => boolean;

/**
 * A layer's members: from the cache, where it has them, and else from the layer,
 * which is read and checked whole. What it has in a place of its own is then cached.
 */
export async function layerTable(
  layer: Layer,
  wanted: Wanted,
  host: Host,
  cache: IndexCache | undefined,
): Promise<LayerTable> {
  const blob = cache && (await indexableBlob(layer, host));
  if (!cache || !blob) return readTable(await layer.stream(), wanted, host);
  return (await cachedTable(layer, blob, host, cache)) ?? indexedTable(layer, blob, wanted, host, cache);
}

/** Only what is far away is worth an index: what is here is as soon read. */
async function indexableBlob(layer: Layer, { kernels }: Host): Promise<LayerBlob | undefined> {
  if (!layer.isStored || declaredCompression(layer.mediaType) !== "gzip") return undefined;
  if (!kernels.gunzipWithPoints || !kernels.gunzipFrom) return undefined;
  const blob = await layer.blob();
  return blob.slices ? blob : undefined;
}

async function cachedTable(
  layer: Layer,
  blob: LayerBlob,
  host: Host,
  cache: IndexCache,
): Promise<LayerTable | undefined> {
  const cached = await cache.open(blob.digest);
  if (!cached || !blob.slices) return undefined;
  try {
    const content = await openIndexedGzip(cached.index, blob.slices, host.kernels);
    if (content.blob.digest !== blob.digest || content.content.digest !== (await layer.diffId())) {
      return undefined;
    }
    return { entries: await decodeMembers(cached.members, host.kernels), taken: new Map(), content };
  } catch (error) {
    // A cache is no reason to fail: what it has damaged is made again.
    host.log({ type: "debug", message: `The cached index of ${blob.digest} is not used: ${error}` });
    return undefined;
  }
}

async function indexedTable(
  layer: Layer,
  blob: LayerBlob,
  wanted: Wanted,
  host: Host,
  cache: IndexCache,
): Promise<LayerTable> {
  const diffId = await layer.diffId();
  const writer = await optionalWriter(cache, blob.digest, host);
  try {
    const tar = gunzipIndexing(await blob.open(), { blob, diffId }, writer.index, host.kernels);
    const table = await readTable(verified(tar, { digest: diffId }, host.kernels), wanted, host);
    await writer.commit(await encodeMembers(table.entries, host.kernels));
    return table;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** A full or read-only disk costs the index, and not the file that was asked for. */
async function optionalWriter(cache: IndexCache, blob: Digest, host: Host): Promise<CachedIndexWriter> {
  let writer: CachedIndexWriter | undefined;
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      const lost = writer;
      writer = undefined;
      host.log({ type: "warning", message: `Keeps no index of ${blob}: ${reasonOf(error)}` });
      await lost?.abort();
    }
  };
  await attempt(async () => {
    writer = await cache.create(blob);
  });
  return {
    index: { write: (chunk) => attempt(async () => writer?.index.write(chunk)) },
    commit: (members) => attempt(async () => writer?.commit(members)),
    abort: async () => writer?.abort(),
  };
}

/** Reads a layer's tar to its end, where it has been checked. */
async function readTable(tar: ByteStream, wanted: Wanted, host: Host): Promise<LayerTable> {
  const input = new StreamInput(tar);
  const entries: LayerEntry[] = [];
  const taken = new Map<number, SpooledContent>();
  for await (const { header } of readHeads(input, host.kernels)) {
    const entry = layerEntry(header, input.position);
    if (entries.push(entry) > MAX_TREE_ENTRIES) {
      const message = `Cannot read layer: it has more than ${MAX_TREE_ENTRIES} entries`;
      throw new SealiftError("LIMIT_EXCEEDED", message);
    }
    if (entry.type === "file" && wanted(entry)) {
      const body = streamFrom(bodyChunks(input, entry.offset, entry.offset + entry.size));
      taken.set(entry.offset, await spoolContent(host.spool, host.kernels, body));
    }
  }
  return { entries, taken };
}
