import { drain, streamFrom } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { decompress } from "../compression/decompress.ts";
import { isSealiftError, reasonOf } from "../error.ts";
import type { Host } from "../host.ts";
import { type ChunkedLayer, chunkedLayer } from "../image/chunked-layer.ts";
import type { LayerBlob } from "../image/image.ts";
import { type LayerEntry, layerEntry } from "../image/layer-entries.ts";
import type { TocChunk } from "../image/toc-chunks.ts";
import { StreamInput } from "../tar/input.ts";
import { bodyChunks, readHeads } from "../tar/read.ts";
import { safePath } from "../tar/safety.ts";
import { shownName } from "../tar/shown-name.ts";
import { xattrsOf } from "../tar/xattrs.ts";
import { refuseAborted } from "./check-layer.ts";
import type { Findings } from "./findings.ts";

/** So many paths are told of; the rest are counted. */
const MAX_TOLD = 10;
/** eStargz rounds times, to whole seconds. */
const TIME_STEP = 1;

/**
 * Compares a layer's table of contents, where the manifest vouches for one,
 * with its tar: who reads by the one must see what others see in the other.
 * Throws ABORTED only.
 */
export async function checkToc(blob: LayerBlob, findings: Findings, host: Host): Promise<void> {
  try {
    const chunked = await chunkedLayer(blob, host);
    if (chunked) report(await differencesOf(chunked, blob, host), findings);
  } catch (error) {
    refuseAborted(error);
    findings.add("error", "toc", `its table of contents is of no use: ${reasonOf(error)}`);
  }
}

function report(differences: ReadonlyMap<string, string>, findings: Findings): void {
  if (differences.size === 0) findings.add("info", "toc", "its table of contents says what its tar has");
  for (const [path, difference] of [...differences].slice(0, MAX_TOLD)) {
    findings.add("error", "toc", `its table of contents is wrong about /${shownName(path)}: ${difference}`);
  }
  const more = differences.size - MAX_TOLD;
  if (more > 0) findings.add("error", "toc", `... and ${more} more`);
}

/** What the table has otherwise than the tar, by path. */
async function differencesOf(
  chunked: ChunkedLayer,
  blob: LayerBlob,
  host: Host,
): Promise<ReadonlyMap<string, string>> {
  const table = new Map(chunked.entries.map((entry) => [entry.path, entry]));
  const found = new Set<string>();
  const differences = new Map<string, string>();
  const input = new StreamInput(decompress(await blob.open(), host.kernels));
  for await (const { header } of readHeads(input, host.kernels)) {
    const entry = layerEntry(header, input.position);
    const listed = table.get(entry.path);
    const difference = listed
      ? await differenceOf(listed, entry, chunked.chunksOf(listed), input, host)
      : "it lacks it";
    found.add(entry.path);
    // Of two of one name the last counts.
    if (difference) differences.set(entry.path, difference);
    else differences.delete(entry.path);
  }
  for (const path of table.keys()) if (!found.has(path)) differences.set(path, "the tar has no such file");
  return differences;
}

async function differenceOf(
  listed: LayerEntry,
  entry: LayerEntry,
  chunks: readonly TocChunk[],
  input: StreamInput,
  host: Host,
): Promise<string | undefined> {
  const [a, b] = [attributesOf(listed), attributesOf(entry)];
  const field = Object.keys(b).find((name) => a[name] !== b[name]);
  if (field) return `its ${field} is ${a[field]}, in the tar ${b[field]}`;
  if (Math.abs(listed.mtime - entry.mtime) > TIME_STEP) {
    return `its time is ${listed.mtime}, in the tar ${entry.mtime}`;
  }
  return (await hasChunks(entry, chunks, input, host)) ? undefined : "its content is another";
}

/** What both say of an entry; names of owners a table may lack. */
function attributesOf(entry: LayerEntry): Readonly<Record<string, string | number>> {
  const { type, size, mode, uid, gid, linkname, devmajor, devminor, pax } = entry;
  const isDevice = type === "character" || type === "block";
  return {
    type,
    size,
    mode: mode.toString(8),
    owner: `${uid}:${gid}`,
    target: type === "hardlink" ? safePath(linkname, "rooted") : linkname,
    ...(isDevice && { device: `${devmajor}:${devminor}` }),
    attributes: JSON.stringify([...xattrsOf(pax)].map(([name, value]) => [name, [...value]]).sort()),
  };
}

/** Reads the entry's body chunk by chunk. The table itself has none: its digest is the manifest's. */
async function hasChunks(
  { offset }: LayerEntry,
  chunks: readonly TocChunk[],
  input: StreamInput,
  { kernels }: Host,
): Promise<boolean> {
  let at = offset;
  for (const chunk of chunks) {
    const body = streamFrom(bodyChunks(input, at, at + chunk.size));
    at += chunk.size;
    try {
      await drain(verified(body, chunk, kernels));
    } catch (error) {
      if (isSealiftError(error, "DIGEST_MISMATCH")) return false;
      throw error;
    }
  }
  return true;
}
