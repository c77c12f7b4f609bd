import { isSealiftError, reasonOf } from "../error.ts";
import type { Host } from "../host.ts";
import { type ChunkedLayer, chunkedLayer } from "../image/chunked-layer.ts";
import type { LayerBlob } from "../image/image.ts";
import { type LayerEntry, layerEntry } from "../image/layer-entries.ts";
import type { TocChunk } from "../image/toc-chunks.ts";
import { digestAlgorithm, formatDigest } from "../oci/digest.ts";
import type { TarHeader } from "../tar/header.ts";
import type { StreamInput } from "../tar/input.ts";
import { bodyChunks } from "../tar/read.ts";
import { safePath } from "../tar/safety.ts";
import { shownName } from "../tar/shown-name.ts";
import { type Xattrs, xattrsOf } from "../tar/xattrs.ts";
import { refuseAborted } from "./check-layer.ts";
import type { Findings } from "./findings.ts";

/** So many paths are told of; the rest are counted. */
const MAX_TOLD = 10;
/** eStargz rounds times, to whole seconds. */
const TIME_STEP = 1;

/** What the tar has of an entry of the table. */
const [UNSEEN, SAME, OTHER] = [0, 1, 2];

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
  /** What the tar has of each entry. */
  readonly #states: Uint8Array;
  /** What the table has otherwise than the tar, by path; so many, of a table that is wrong about everything. */
  readonly #told = new Map<string, string>();
  #differences = 0;

  constructor(chunked: ChunkedLayer, host: Host) {
    this.#chunked = chunked;
    this.#host = host;
    this.#states = new Uint8Array(chunked.entries.length);
  }

  /** Takes the tar's next member, whose body the input stands at; reads of that what it needs. */
  async member(header: TarHeader, input: StreamInput): Promise<void> {
    try {
      const entry = layerEntry(header, input.position);
      const place = this.#chunked.places.find(entry.path);
      if (place === undefined) this.#differ(entry.path, "it lacks it", this.#told.has(entry.path));
      else this.#judge(place, entry.path, await this.#differenceOf(place, entry, input));
    } catch (error) {
      // Nothing has such a path, and the check of the tar's own members says so.
      if (!isSealiftError(error, "UNSAFE_PATH")) throw error;
    }
  }

  /** Says, once all members were taken, what was found. */
  report(findings: Findings): void {
    for (const [place, state] of this.#states.entries()) if (state === UNSEEN) this.#judgeUnseen(place);
    if (this.#differences === 0) findings.add("info", "toc", "its table of contents says what its tar has");
    for (const [path, difference] of this.#told) {
      findings.add("error", "toc", `its table of contents is wrong about /${shownName(path)}: ${difference}`);
    }
    const more = this.#differences - this.#told.size;
    if (more > 0) findings.add("error", "toc", `... and ${more} more`);
  }

  #differenceOf(place: number, entry: LayerEntry, input: StreamInput): Promise<string | undefined> {
    const listed = this.#chunked.entries.get(place);
    return differenceOf(listed, entry, this.#chunked.chunksOf(listed), input, this.#host);
  }

  /** Of two members of one name the last counts. */
  #judge(place: number, path: string, difference: string | undefined): void {
    const isKnown = this.#states[place] === OTHER;
    this.#states[place] = difference ? OTHER : SAME;
    if (difference) this.#differ(path, difference, isKnown);
    else if (isKnown) this.#agree(path);
  }

  #judgeUnseen(place: number): void {
    const path = this.#chunked.entries.path(place);
    // A table that lists itself has itself twice.
    if (this.#chunked.places.find(path) === place) this.#differ(path, "the tar has no such file");
  }

  #differ(path: string, difference: string, isKnown = false): void {
    if (!isKnown) this.#differences++;
    if (this.#told.has(path) || this.#told.size < MAX_TOLD) this.#told.set(path, difference);
  }

  #agree(path: string): void {
    this.#differences--;
    this.#told.delete(path);
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
    attributes: textOf(xattrsOf(pax)),
  };
}

function textOf(xattrs: Xattrs): string {
  if (xattrs.size === 0) return "[]";
  return JSON.stringify([...xattrs].map(([name, value]) => [name, [...value]]).sort());
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
