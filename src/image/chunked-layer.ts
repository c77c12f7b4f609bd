import { type Slices, subSlices } from "../bytes/slices.ts";
import { spoolContent } from "../bytes/spooled-content.ts";
import { type ByteStream, chunksOf, streamFrom } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { gunzip } from "../compression/gzip.ts";
import { unzstd } from "../compression/zstd.ts";
import { reasonOf, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { declaredCompression } from "../oci/media-type.ts";
import { StreamInput } from "../tar/input.ts";
import { bodyChunks } from "../tar/read.ts";
import type { EntryList } from "./entry-list.ts";
import { ESTARGZ } from "./estargz.ts";
import type { LayerBlob } from "./image.ts";
import type { LayerEntry } from "./layer-entries.ts";
import type { PathIndex } from "./path-index.ts";
import { MAX_TOC_SIZE, readToc } from "./toc.ts";
import type { TocChunk } from "./toc-chunks.ts";
import { tocInvalid } from "./toc-entry.ts";
import type { Annotations, TocFormat, TocPlace } from "./toc-format.ts";
import { ZSTD_CHUNKED } from "./zstd-chunked.ts";

const FORMATS: readonly TocFormat[] = [ESTARGZ, ZSTD_CHUNKED];

/**
 * A layer read by the table of contents that its manifest vouches for: what
 * stands in the table is the manifest's word, and each content is checked by it.
 * Whether the layer's tar has the same only reading it whole can tell.
 */
export interface ChunkedLayer {
  readonly entries: EntryList;
  /** Where in the list a path is. */
  readonly places: PathIndex;
  /** What a regular file consists of; nothing for one that is empty, and for the table itself. */
  chunksOf(entry: LayerEntry): readonly TocChunk[];
  /** The first path of which the table does not tell each byte; who needs them reads the layer. */
  readonly unclear: string | undefined;
  /** A regular file's content. All of it is checked before any is given. */
  open(entry: LayerEntry): Promise<ByteStream>;
}

/** Where tables of contents are kept; it may forget any of them. */
export interface TocCache {
  readToc(blob: Digest): Promise<KeptToc | undefined>;
  writeToc(blob: Digest, toc: KeptToc): Promise<void>;
}

/** A table as it is in its blob. It is checked whenever it is read. */
export interface KeptToc {
  /** Bytes of the blob before it. */
  readonly start: number;
  readonly packed: Slices;
}

/**
 * Reads the table of contents of an eStargz or zstd:chunked layer that lies
 * where it can be read in parts; undefined for any other layer. Throws
 * LAYOUT_INVALID, DIGEST_MISMATCH, LIMIT_EXCEEDED and as decompressing does
 * where the table is not what the manifest says, or cannot be.
 */
export async function chunkedLayer(
  blob: LayerBlob,
  host: Host,
  cache?: TocCache,
): Promise<ChunkedLayer | undefined> {
  const { slices } = blob;
  const { annotations = {}, mediaType } = blob.descriptor;
  const compression = declaredCompression(mediaType);
  const format = FORMATS.find((one) => one.compression === compression);
  const digest = format?.digestOf(annotations);
  if (!slices || !format || digest === undefined) return undefined;
  const reading = { format, annotations, digest: parseDigest(digest), blob, slices, host };
  return (await keptToc(reading, cache)) ?? fetchedToc(reading, cache);
}

interface Reading {
  readonly format: TocFormat;
  readonly annotations: Annotations;
  readonly digest: Digest;
  readonly blob: LayerBlob;
  readonly slices: Slices;
  readonly host: Host;
}

async function keptToc(reading: Reading, cache: TocCache | undefined): Promise<ChunkedLayer | undefined> {
  try {
    const kept = await cache?.readToc(reading.blob.digest);
    return kept && (await openToc(reading, kept));
  } catch (error) {
    // A cache is no reason to fail: what it has damaged is fetched again.
    const { blob, host } = reading;
    host.log({
      type: "debug",
      message: `The kept table of contents of ${blob.digest} is not used: ${error}`,
    });
    return undefined;
  }
}

async function fetchedToc(reading: Reading, cache: TocCache | undefined): Promise<ChunkedLayer> {
  const { format, annotations, slices } = reading;
  const { start, end } = checkedPlace(await format.locate(slices, annotations), slices.size);
  const fetched = { start, packed: subSlices(slices, start, end) };
  return openToc(reading, (await keep(fetched, reading, cache)) ?? fetched);
}

/** It is fetched into the cache and read from there, so that it is neither fetched twice nor held. */
async function keep(
  toc: KeptToc,
  { blob, host }: Reading,
  cache: TocCache | undefined,
): Promise<KeptToc | undefined> {
  try {
    await cache?.writeToc(blob.digest, toc);
    return await cache?.readToc(blob.digest);
  } catch (error) {
    const message = `Keeps no table of contents of ${blob.digest}: ${reasonOf(error)}`;
    host.log({ type: "warning", message });
    return undefined;
  }
}

function checkedPlace(place: TocPlace, size: number): TocPlace {
  if (place.start >= place.end || place.end > size) throw tocInvalid("it is said to be out of the layer");
  if (place.end - place.start <= MAX_TOC_SIZE) return place;
  throw new SealiftError(
    "LIMIT_EXCEEDED",
    `Cannot read table of contents: it has more than ${MAX_TOC_SIZE} bytes`,
  );
}

async function openToc(reading: Reading, { start, packed }: KeptToc): Promise<ChunkedLayer> {
  const { format, digest, annotations, host } = reading;
  const unpack = () => format.unpack(packed, digest, host.kernels, annotations);
  const { json, entry: own } = await unpack();
  const { entries, places, chunksOf: tocChunks, unclear } = await readToc(json, start);
  const ownPlace = own && entries.push({ ...own, offset: entries.length });
  places.update();
  return {
    entries,
    places,
    unclear,
    chunksOf: (entry) => (entry.offset === ownPlace ? [] : tocChunks(entry)),
    async open(entry) {
      if (entry.offset === ownPlace) return (await unpack()).json;
      const content = streamFrom(contentChunks(entry, tocChunks(entry), reading));
      const spooled = await spoolContent(host.spool, host.kernels, content);
      return spooled.open();
    },
  };
}

async function* contentChunks(entry: LayerEntry, chunks: readonly TocChunk[], reading: Reading) {
  for (const run of runsOf(chunks)) yield* runChunks(run, entry, reading);
}

/** Chunks that follow one another in the blob are read at once: files have thousands of 64 KiB. */
function* runsOf(chunks: readonly TocChunk[]): Generator<readonly TocChunk[], void, void> {
  let run: TocChunk[] = [];
  for (const chunk of chunks) {
    const last = run.at(-1);
    if (last && !isNext(last, chunk)) {
      yield run;
      run = [];
    }
    run.push(chunk);
  }
  if (run.length > 0) yield run;
}

/** Whether a chunk lies behind the other one in the same member or frame, or in the next. */
function isNext(last: TocChunk, { start, inner }: TocChunk): boolean {
  return start === last.start ? inner >= last.inner + last.size : start === last.end;
}

const UNPACK = { gzip: gunzip, zstd: unzstd };

async function* runChunks(run: readonly TocChunk[], { path }: LayerEntry, { format, slices, host }: Reading) {
  const [first, last] = [run[0] as TocChunk, run.at(-1) as TocChunk];
  const packed = slices.slice(first.start, last.end);
  const input = new StreamInput(UNPACK[format.compression](packed, host.kernels));
  let { start } = first;
  let memberStart = 0;
  try {
    for (const chunk of run) {
      if (chunk.start !== start) memberStart = input.position;
      start = chunk.start;
      await input.skip(memberStart + chunk.inner - input.position);
      const body = streamFrom(bodyChunks(input, input.position, input.position + chunk.size));
      yield* chunksOf(verified(body, chunk, host.kernels, `/${path}`));
    }
  } finally {
    await input.cancel();
  }
}
