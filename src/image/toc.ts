import * as v from "valibot";
import { SealiftError } from "../error.ts";
import { digestSchema } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseJson } from "../oci/json.ts";
import type { TarType } from "../tar/header.ts";
import { xattrRecord } from "../tar/xattrs.ts";
import { type LayerEntry, layerEntry } from "./layer-entries.ts";
import { MAX_TREE_ENTRIES } from "./tree-merger.ts";

/**
 * The largest table of contents that is read, in bytes of JSON: about 150,000
 * files. It is held whole, and becomes several times that; a layer that has a
 * larger one is read as any other.
 */
export const MAX_TOC_SIZE: number = 64 << 20;

/**
 * What a layer's table of contents says: CRFS' JSON, which eStargz
 * (stargz-snapshotter, docs/estargz.md) and zstd:chunked (containers/storage,
 * pkg/chunked) have both taken over.
 */
export interface Toc {
  /** In the layer's order. Their offsets are 0: a table does not tell where in the tar they are. */
  readonly entries: readonly LayerEntry[];
  /** What regular files consist of; those that are empty are not in it. */
  readonly chunks: ReadonlyMap<LayerEntry, readonly TocChunk[]>;
}

/** A part of a file's content, compressed with nothing before it that it refers to. */
export interface TocChunk {
  /** Bytes of the blob before the gzip member or zstd frame it is in. */
  readonly start: number;
  /** Bytes of the blob up to where it has certainly ended. */
  readonly end: number;
  /** Bytes of what is decompressed from `start` on before it. */
  readonly inner: number;
  /** Bytes, decompressed. */
  readonly size: number;
  readonly digest: Digest;
}

const count = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0);
const text = v.optional(v.string(), "");

const entrySchema = v.object({
  name: v.string(),
  type: v.string(),
  size: count,
  modtime: text,
  linkName: text,
  mode: count,
  uid: count,
  gid: count,
  userName: text,
  groupName: text,
  devMajor: count,
  devMinor: count,
  xattrs: v.optional(v.record(v.string(), v.string())),
  digest: v.optional(digestSchema),
  offset: count,
  endOffset: count,
  innerOffset: count,
  chunkOffset: count,
  chunkSize: count,
  chunkDigest: v.optional(digestSchema),
});

const tocSchema = v.object({ version: v.literal(1), entries: v.array(entrySchema) });

type RawEntry = v.InferOutput<typeof entrySchema>;

const TYPES: Readonly<Record<string, TarType>> = {
  dir: "directory",
  reg: "file",
  symlink: "symlink",
  hardlink: "hardlink",
  char: "character",
  block: "block",
  fifo: "fifo",
};

/**
 * Reads a table's JSON, which the caller has checked against its digest: that
 * makes it what the manifest's author wrote, and nothing more, so every number
 * is checked. `end` is where the layer's content ends in the blob.
 * Throws LAYOUT_INVALID, LIMIT_EXCEEDED, UNSAFE_PATH.
 */
export function parseToc(json: Uint8Array, end: number): Toc {
  const { entries: raw } = parseJson(tocSchema, json, "table of contents", "LAYOUT_INVALID");
  const ends = new Ends(raw, end);
  const owners = new Owners();
  const paths = new Set<string>();
  const entries: LayerEntry[] = [];
  const chunks = new Map<LayerEntry, readonly TocChunk[]>();
  for (let at = 0; at < raw.length; ) {
    const first = raw[at] as RawEntry;
    const parts = [first];
    for (at++; raw[at]?.type === "chunk"; at++) parts.push(raw[at] as RawEntry);
    const entry = entryOf(owners.named(first));
    // Of two of one name a tar's reader takes the last, a table's reader may take either.
    if (paths.has(entry.path)) throw invalid(first.name, "it is there twice");
    paths.add(entry.path);
    if (entries.push(entry) > MAX_TREE_ENTRIES) {
      const message = `Cannot read table of contents: it has more than ${MAX_TREE_ENTRIES} entries`;
      throw new SealiftError("LIMIT_EXCEEDED", message);
    }
    if (entry.size > 0) chunks.set(entry, chunksOf(entry.size, parts, ends));
    else if (parts.length > 1) throw invalid(first.name, "it has chunks and no size");
  }
  return { entries, chunks };
}

function entryOf(raw: RawEntry): LayerEntry {
  const type = Object.hasOwn(TYPES, raw.type) ? TYPES[raw.type] : undefined;
  if (!type) throw invalid(raw.name, `its type is ${JSON.stringify(raw.type)}`);
  const isLink = type === "symlink" || type === "hardlink";
  const header = {
    name: raw.name,
    type,
    size: type === "file" ? raw.size : 0,
    mode: raw.mode & 0o7777,
    uid: raw.uid,
    gid: raw.gid,
    uname: raw.userName,
    gname: raw.groupName,
    mtime: secondsOf(raw),
    linkname: isLink ? raw.linkName : "",
    devmajor: raw.devMajor,
    devminor: raw.devMinor,
    pax: new Map(
      Object.entries(raw.xattrs ?? {}).map(([name, value]) => xattrRecord(name, bytesOf(raw, value))),
    ),
  };
  return layerEntry(header, 0);
}

/** The chunks of a file, which must be its content without gap or overlap. */
function chunksOf(size: number, parts: readonly RawEntry[], ends: Ends): readonly TocChunk[] {
  let at = 0;
  return parts.map((part, index) => {
    const isLast = index === parts.length - 1;
    const digest = part.chunkDigest ?? (parts.length === 1 ? part.digest : undefined);
    // What nobody vouches for is not read by a table.
    if (!digest) throw invalid(part.name, "a chunk of it has no digest");
    const length = isLast ? size - at : part.chunkSize;
    if (part.name !== parts[0]?.name || part.chunkOffset !== at || length <= 0) {
      throw invalid(part.name, "its chunks do not make up its content");
    }
    if (isLast && part.chunkSize !== 0 && part.chunkSize !== length) {
      throw invalid(part.name, "its chunks have another size than it has");
    }
    at += length;
    const end = ends.of(part, isLast ? (parts[0]?.endOffset ?? 0) : 0);
    return { start: part.offset, end, inner: part.innerOffset, size: length, digest };
  });
}

/** Where chunks end: a table tells where they begin. */
class Ends {
  readonly #starts: readonly number[];
  readonly #end: number;

  constructor(entries: readonly RawEntry[], end: number) {
    const starts = new Set(entries.map(({ offset }) => offset));
    this.#starts = [...starts].sort((a, b) => a - b);
    this.#end = end;
  }

  /** `told` is what the table says itself, or 0. */
  of({ name, offset }: RawEntry, told: number): number {
    const end = told || (this.#after(offset) ?? this.#end);
    if (offset < end && end <= this.#end) return end;
    throw invalid(name, "its content is out of the blob");
  }

  #after(offset: number): number | undefined {
    let low = 0;
    for (let high = this.#starts.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] as number) <= offset) low = middle + 1;
      else high = middle;
    }
    return this.#starts[low];
  }
}

/** eStargz names an owner once, at the first entry that has its number. */
class Owners {
  readonly #users = new Map<number, string>();
  readonly #groups = new Map<number, string>();

  named(entry: RawEntry): RawEntry {
    const userName = known(this.#users, entry.uid, entry.userName);
    return { ...entry, userName, groupName: known(this.#groups, entry.gid, entry.groupName) };
  }
}

function known(names: Map<number, string>, id: number, name: string): string {
  if (name !== "") names.set(id, name);
  return names.get(id) ?? "";
}

/** Before this, Go's time of year 1, nothing is dated: it stands for "not known". */
const UNKNOWN_TIME = Date.parse("0001-01-02T00:00:00Z");

function secondsOf({ name, modtime }: RawEntry): number {
  if (modtime === "") return 0;
  const time = Date.parse(modtime);
  if (Number.isNaN(time)) throw invalid(name, "its time is none");
  return time < UNKNOWN_TIME ? 0 : time / 1000;
}

function bytesOf({ name }: RawEntry, base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw invalid(name, "an extended attribute of it is not base64", cause);
  }
}

/** A table that does not hold together. */
export function tocInvalid(reason: string, cause?: unknown): SealiftError {
  return new SealiftError("LAYOUT_INVALID", `Cannot read table of contents: ${reason}`, { cause });
}

function invalid(name: string, reason: string, cause?: unknown): SealiftError {
  return tocInvalid(`${JSON.stringify(name.slice(0, 200))}: ${reason}`, cause);
}
