import type { ByteStream } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import { checkShape } from "../oci/json.ts";
import type { TarType } from "../tar/header.ts";
import { NO_RECORDS, type PaxRecords } from "../tar/pax.ts";
import { xattrRecord } from "../tar/xattrs.ts";
import { EntryList } from "./entry-list.ts";
import { type LayerEntry, layerEntry } from "./layer-entries.ts";
import { PathIndex } from "./path-index.ts";
import { type TocChunk, TocChunks } from "./toc-chunks.ts";
import { failureOf, tocEntries } from "./toc-document.ts";
import { entryInvalid, entrySchema, type RawEntry } from "./toc-entry.ts";
import { MAX_TREE_ENTRIES } from "./tree-merger.ts";

/**
 * The largest table of contents that is read, in bytes of JSON: about 150,000
 * files. It is read as it comes, and what is held of it is half as long; a layer
 * that has a larger one is read as any other.
 */
export const MAX_TOC_SIZE: number = 64 << 20;

/**
 * What a layer's table of contents says: CRFS' JSON, which eStargz
 * (stargz-snapshotter, docs/estargz.md) and zstd:chunked (containers/storage,
 * pkg/chunked) have both taken over.
 */
export interface Toc {
  /** In the layer's order. Their offsets are their places here: a table does not tell where in the tar they are. */
  readonly entries: EntryList;
  /** Where in the list a path is. */
  readonly places: PathIndex;
  /** What a regular file consists of; nothing for one that is empty. */
  chunksOf(entry: LayerEntry): readonly TocChunk[];
  /** The first path of which the table does not tell each byte: JSON has text alone, and Go writes U+FFFD for what is none. */
  readonly unclear: string | undefined;
}

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
 * Reads a table's JSON, which is checked against its digest: that makes it what
 * the manifest's author wrote, and nothing more, so every number is checked.
 * `end` is where the layer's content ends in the blob.
 * Throws LAYOUT_INVALID, LIMIT_EXCEEDED, UNSAFE_PATH, and as the stream does.
 */
export async function readToc(json: ByteStream, end: number): Promise<Toc> {
  const table = new Table();
  let failure: unknown;
  for await (const listed of tocEntries(json)) {
    if (failure === undefined) failure = failureOf(() => table.add(listed));
  }
  // Whether the table is one, and the one that the manifest means, is asked before what is wrong with an entry.
  if (failure !== undefined) throw failure;
  return table.end(end);
}

/** A table that is being read, entry by entry. */
class Table {
  readonly #entries = new EntryList();
  readonly #chunks = new TocChunks();
  readonly #owners = new Owners();
  readonly #places = new PathIndex(this.#entries);
  readonly #starts: number[] = [];
  #unclear: string | undefined;
  /** The last entry with the chunks that have followed it. */
  #parts: [RawEntry, ...RawEntry[]] | undefined;

  add(listed: readonly unknown[]): void {
    for (const value of listed) {
      const entry = checkShape(entrySchema, value, "table of contents", "LAYOUT_INVALID");
      this.#starts.push(entry.offset);
      if (this.#parts && entry.type === "chunk") this.#parts.push(entry);
      else {
        this.#endFile();
        this.#parts = [entry];
      }
    }
  }

  end(end: number): Toc {
    this.#endFile();
    const [entries, places, chunks] = [this.#entries, this.#places, this.#chunks];
    chunks.close(Float64Array.from(this.#starts), end, (file) => entries.path(file));
    return { entries, places, chunksOf: ({ offset }) => chunks.of(offset), unclear: this.#unclear };
  }

  #endFile(): void {
    const parts = this.#parts;
    if (!parts) return;
    const [first] = parts;
    const entry = entryOf(first, this.#owners.of(first), this.#entries.length);
    // Of two of one name a tar's reader takes the last, a table's reader may take either.
    if (this.#places.find(entry.path) !== undefined) throw entryInvalid(first.name, "it is there twice");
    if (this.#entries.push(entry) >= MAX_TREE_ENTRIES) {
      const message = `Cannot read table of contents: it has more than ${MAX_TREE_ENTRIES} entries`;
      throw new SealiftError("LIMIT_EXCEEDED", message);
    }
    this.#places.update();
    if (isUnclear(first)) this.#unclear ??= entry.path;
    if (entry.size > 0) this.#chunks.add(entry.size, parts);
    else if (parts.length > 1) throw entryInvalid(first.name, "it has chunks and no size");
    else this.#chunks.skip();
  }
}

function isUnclear({ name, linkName, userName, groupName, xattrs = {} }: RawEntry): boolean {
  return [name, linkName, userName, groupName, ...Object.keys(xattrs)].some((text) =>
    text.includes("\ufffd"),
  );
}

function entryOf(raw: RawEntry, owner: Owner, place: number): LayerEntry {
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
    ...owner,
    mtime: secondsOf(raw),
    linkname: isLink ? raw.linkName : "",
    devmajor: raw.devMajor,
    devminor: raw.devMinor,
    pax: raw.xattrs ? recordsOf(raw, raw.xattrs) : NO_RECORDS,
  };
  return layerEntry(header, place);
}

function recordsOf(raw: RawEntry, xattrs: Readonly<Record<string, string>>): PaxRecords {
  return new Map(Object.entries(xattrs).map(([name, value]) => xattrRecord(name, bytesOf(raw, value))));
}

type Owner = Pick<LayerEntry, "uname" | "gname">;

/** eStargz names an owner once, at the first entry that has its number. */
class Owners {
  readonly #users = new Map<number, string>();
  readonly #groups = new Map<number, string>();

  of({ uid, userName, gid, groupName }: RawEntry): Owner {
    return { uname: known(this.#users, uid, userName), gname: known(this.#groups, gid, groupName) };
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
