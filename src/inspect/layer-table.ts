import { type SpooledContent, spoolContent } from "../bytes/spooled-content.ts";
import { type ByteStream, streamFrom } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { type ErrorCode, isSealiftError, reasonOf, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { chunkedLayer } from "../image/chunked-layer.ts";
import { EntryList } from "../image/entry-list.ts";
import type { Layer } from "../image/image.ts";
import { type LayerEntry, layerEntry } from "../image/layer-entries.ts";
import { MAX_TREE_ENTRIES } from "../image/tree-merger.ts";
import type { Digest } from "../oci/digest.ts";
import { StreamInput } from "../tar/input.ts";
import { bodyChunks, readHeads } from "../tar/read.ts";
import { shownName } from "../tar/shown-name.ts";
import { type CachedIndexWriter, decodeMembers, encodeMembers, type IndexCache } from "./index-cache.ts";
import { type IndexableLayer, indexableLayer } from "./indexable-layer.ts";

/** A layer's members, and their contents. */
export interface LayerTable {
  /** In the layer's order. */
  readonly entries: EntryList;
  /** A regular file's content, checked before it is given. */
  open(entry: LayerEntry): Promise<ByteStream>;
  /** Where it is a table of contents or an index that tells: what the layer itself tells. */
  readonly whole?: () => Promise<LayerTable>;
}

/** Whether an entry's content is wanted while the layer is read. */
export type Wanted = (entry: LayerEntry) => boolean;

/**
 * A layer's members: by its own table of contents, where the manifest vouches
 * for one; from the cache, where it has them; and else from the layer, which is
 * read and checked whole. What it has in a place of its own is then cached.
 */
export async function layerTable(
  layer: Layer,
  wanted: Wanted,
  host: Host,
  cache: IndexCache | undefined,
): Promise<LayerTable> {
  const whole = () => wholeTable(layer, wanted, host, cache);
  const blob = layer.isStored && (await layer.blob());
  if (!blob) return whole();
  try {
    const chunked = await chunkedLayer(blob, host, cache);
    if (chunked?.unclear === undefined) return chunked ? { ...chunked, whole } : whole();
    const reason = `its table of contents may not have all bytes of /${shownName(chunked.unclear)}`;
    host.log({ type: "warning", message: `Reads layer ${blob.digest} whole: ${reason}` });
  } catch (error) {
    if (!isContentError(error)) throw error;
    host.log({ type: "warning", message: `Reads layer ${blob.digest} whole: ${reasonOf(error)}` });
  }
  return whole();
}

/** What is wrong with bytes, or with their being parts, and not with the way to them. */
const CONTENT_ERRORS: readonly ErrorCode[] = [
  ...(["DIGEST_MISMATCH", "SIZE_MISMATCH", "DIGEST_INVALID", "LAYOUT_INVALID", "LIMIT_EXCEEDED"] as const),
  ...(["GZIP_INVALID", "GZIP_TRUNCATED", "ZSTD_INVALID", "ZSTD_TRUNCATED"] as const),
  ...(["TAR_INVALID", "TAR_TRUNCATED", "UNSAFE_PATH", "UNSUPPORTED"] as const),
];

/** Whether an error says that a layer is not to be read by a table or an index. */
export function isContentError(error: unknown): boolean {
  return isSealiftError(error, ...CONTENT_ERRORS);
}

async function wholeTable(
  layer: Layer,
  wanted: Wanted,
  host: Host,
  cache: IndexCache | undefined,
): Promise<LayerTable> {
  const indexable = cache && (await indexableLayer(layer, host));
  if (!cache || !indexable) return readTable(layer, await layer.stream(), wanted, host);
  const whole = () => indexedTable(layer, indexable, wanted, host, cache);
  const cached = await cachedTable(indexable, host, cache);
  return cached ? { ...cached, whole } : whole();
}

async function cachedTable(
  { digest, open }: IndexableLayer,
  host: Host,
  cache: IndexCache,
): Promise<LayerTable | undefined> {
  const cached = await cache.open(digest);
  if (!cached) return undefined;
  try {
    const tar = await open(cached.index);
    const entries = await decodeMembers(cached.members, host.kernels);
    return {
      entries,
      async open({ offset, size }) {
        const content = tar.slice(offset, offset + size);
        return (await spoolContent(host.spool, host.kernels, content)).open();
      },
    };
  } catch (error) {
    // A cache is no reason to fail: what it has damaged is made again.
    host.log({ type: "debug", message: `The cached index of ${digest} is not used: ${error}` });
    return undefined;
  }
}

async function indexedTable(
  layer: Layer,
  indexable: IndexableLayer,
  wanted: Wanted,
  host: Host,
  cache: IndexCache,
): Promise<LayerTable> {
  const diffId = await layer.diffId();
  const writer = await optionalWriter(cache, indexable.digest, host);
  try {
    const tar = verified(await indexable.read(writer.index), { digest: diffId }, host.kernels);
    const table = await readTable(layer, tar, wanted, host);
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
async function readTable(layer: Layer, tar: ByteStream, wanted: Wanted, host: Host): Promise<LayerTable> {
  const input = new StreamInput(tar);
  const entries = new EntryList();
  const taken = new Map<number, SpooledContent>();
  for await (const { header } of readHeads(input, host.kernels)) {
    const entry = layerEntry(header, input.position);
    if (entries.push(entry) >= MAX_TREE_ENTRIES) {
      const message = `Cannot read layer: it has more than ${MAX_TREE_ENTRIES} entries`;
      throw new SealiftError("LIMIT_EXCEEDED", message);
    }
    if (entry.type === "file" && wanted(entry)) {
      const body = streamFrom(bodyChunks(input, entry.offset, entry.offset + entry.size));
      taken.set(entry.offset, await spoolContent(host.spool, host.kernels, body));
    }
  }
  return {
    entries,
    open: async (entry) => taken.get(entry.offset)?.open() ?? openAgain(layer, entry, host),
  };
}

/** The layer read once more for a content that was not known to be wanted the first time. */
async function openAgain(layer: Layer, { offset, path }: LayerEntry, host: Host): Promise<ByteStream> {
  const wanted = (entry: LayerEntry) => entry.offset === offset;
  const { entries, open } = await readTable(layer, await layer.stream(), wanted, host);
  for (const entry of entries) if (wanted(entry)) return open(entry);
  throw new SealiftError("DIGEST_MISMATCH", `Cannot read /${path}: its layer has changed while it was read`);
}
