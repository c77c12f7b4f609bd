import { isSealiftError, reasonOf } from "../error.ts";
import type { Host } from "../host.ts";
import { type ChunkedLayer, chunkedLayer } from "../image/chunked-layer.ts";
import type { LayerBlob } from "../image/image.ts";
import { type LayerEntry, layerEntry } from "../image/layer-entries.ts";
import { PathIndex } from "../image/path-index.ts";
import type { TocChunk } from "../image/toc-chunks.ts";
import { digestAlgorithm, formatDigest } from "../oci/digest.ts";
import type { TarHeader } from "../tar/header.ts";
import type { StreamInput } from "../tar/input.ts";
import { bodyChunks } from "../tar/read.ts";
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
 * A layer's table of contents, where the manifest vouches for one, to be
 * compared with its tar. What makes it of no use is a finding. Throws ABORTED only.
 */
export async function openTocCheck(
  blob: LayerBlob,
  findings: Findings,
  host: Host,
): Promise<TocCheck | undefined> {
  try {
    const chunked = await chunkedLayer(blob, host);
    return chunked && new TocCheck(chunked, host);
  } catch (error) {
    refuseAborted(error);
    findings.add("error", "toc", `its table of contents is of no use: ${reasonOf(error)}`);
    return undefined;
  }
}

/**
 * Compares a table of contents with the tar while that is read: who reads by
 * the one must see what others see in the other.
 */
export class TocCheck {
  readonly #chunked: ChunkedLayer;
  readonly #host: Host;
  readonly #places: PathIndex;
  /** Whether the tar has it, of each entry. */
  readonly #found: Uint8Array;
  /** What the table has otherwise than the tar, by path. */
  readonly #differences = new Map<string, string>();

  constructor(chunked: ChunkedLayer, host: Host) {
    this.#chunked = chunked;
    this.#host = host;
    this.#places = new PathIndex(chunked.entries);
    this.#found = new Uint8Array(chunked.entries.length);
  }

  /** Takes the tar's next member, whose body the input stands at; reads of that what it needs. */
  async member(header: TarHeader, input: StreamInput): Promise<void> {
    try {
      const entry = layerEntry(header, input.position);
      const difference = await this.#differenceOf(entry, input);
      // Of two of one name the last counts.
      if (difference) this.#differences.set(entry.path, difference);
      else this.#differences.delete(entry.path);
    } catch (error) {
      // Nothing has such a path, and the check of the tar's own members says so.
      if (!isSealiftError(error, "UNSAFE_PATH")) throw error;
    }
  }

  /** Says, once all members were taken, what was found. */
  report(findings: Findings): void {
    const differences = [...this.#differences];
    for (const [place, isFound] of this.#found.entries()) {
      const path = this.#chunked.entries.path(place);
      // A table that lists itself has itself twice.
      const isMissing = isFound === 0 && this.#places.find(path) === place;
      if (isMissing) differences.push([path, "the tar has no such file"]);
    }
    if (differences.length === 0) findings.add("info", "toc", "its table of contents says what its tar has");
    for (const [path, difference] of differences.slice(0, MAX_TOLD)) {
      findings.add("error", "toc", `its table of contents is wrong about /${shownName(path)}: ${difference}`);
    }
    const more = differences.length - MAX_TOLD;
    if (more > 0) findings.add("error", "toc", `... and ${more} more`);
  }

  async #differenceOf(entry: LayerEntry, input: StreamInput): Promise<string | undefined> {
    const place = this.#places.find(entry.path);
    if (place === undefined) return "it lacks it";
    this.#found[place] = 1;
    const listed = this.#chunked.entries.get(place);
    return differenceOf(listed, entry, this.#chunked.chunksOf(listed), input, this.#host);
  }
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
  for (const { size, digest } of chunks) {
    const algorithm = digestAlgorithm(digest);
    const hasher = kernels.hasher(algorithm);
    try {
      for await (const view of bodyChunks(input, at, at + size)) hasher.update(view);
      if (formatDigest(algorithm, hasher.digest()) !== digest) return false;
    } finally {
      hasher.release();
    }
    at += size;
  }
  return true;
}
