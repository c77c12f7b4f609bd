import * as v from "valibot";
import { SealiftError } from "../error.ts";
import { checkShape, parseJson } from "../oci/json.ts";
import type { TarType } from "../tar/header.ts";
import { xattrRecord } from "../tar/xattrs.ts";
import { type LayerEntry, layerEntry } from "./layer-entries.ts";
import { ChunkEnds, chunksOf, type TocChunk } from "./toc-chunks.ts";
import { entryInvalid, entrySchema, type RawEntry } from "./toc-entry.ts";
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

/** Entries are checked one by one: of all of them there would be two copies at once. */
const tocSchema = v.object({ version: v.literal(1), entries: v.array(v.unknown()) });

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
  const { entries: listed } = parseJson(tocSchema, json, "table of contents", "LAYOUT_INVALID");
  const ends = new ChunkEnds(listed, end);
  const owners = new Owners();
  const paths = new Set<string>();
  const entries: LayerEntry[] = [];
  const chunks = new Map<LayerEntry, readonly TocChunk[]>();
  for (const parts of filesOf(listed)) {
    const [first] = parts;
    const entry = entryOf(owners.named(first));
    // Of two of one name a tar's reader takes the last, a table's reader may take either.
    if (paths.has(entry.path)) throw entryInvalid(first.name, "it is there twice");
    paths.add(entry.path);
    if (entries.push(entry) > MAX_TREE_ENTRIES) {
      const message = `Cannot read table of contents: it has more than ${MAX_TREE_ENTRIES} entries`;
      throw new SealiftError("LIMIT_EXCEEDED", message);
    }
    if (entry.size > 0) chunks.set(entry, chunksOf(entry.size, parts, ends));
    else if (parts.length > 1) throw entryInvalid(first.name, "it has chunks and no size");
  }
  return { entries, chunks };
}

/** Each entry with the chunks that follow it. */
function* filesOf(listed: unknown[]): Generator<readonly [RawEntry, ...RawEntry[]], void, void> {
  const next = (at: number) => checkShape(entrySchema, listed[at], "table of contents", "LAYOUT_INVALID");
  let parts: [RawEntry, ...RawEntry[]] | undefined;
  for (const at of listed.keys()) {
    const entry = next(at);
    // What was read is given up: a table becomes several times its text.
    listed[at] = undefined;
    if (parts && entry.type === "chunk") parts.push(entry);
    else {
      if (parts) yield parts;
      parts = [entry];
    }
  }
  if (parts) yield parts;
}

function entryOf(raw: RawEntry): LayerEntry {
  const type = Object.hasOwn(TYPES, raw.type) ? TYPES[raw.type] : undefined;
  if (!type) throw entryInvalid(raw.name, `its type is ${JSON.stringify(raw.type)}`);
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
  if (Number.isNaN(time)) throw entryInvalid(name, "its time is none");
  return time < UNKNOWN_TIME ? 0 : time / 1000;
}

function bytesOf({ name }: RawEntry, base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw entryInvalid(name, "an extended attribute of it is not base64", cause);
  }
}
