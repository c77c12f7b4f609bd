import type { IndexSink } from "../bytes/piece-index.ts";
import type { Slices } from "../bytes/slices.ts";
import { collect, streamFrom } from "../bytes/stream.ts";
import { gunzip } from "../compression/gzip.ts";
import type { TocCache } from "../image/chunked-layer.ts";
import { EntryList } from "../image/entry-list.ts";
import type { LayerEntry } from "../image/layer-entries.ts";
import { tocEntries } from "../image/toc-document.ts";
import type { Kernels } from "../kernel/kernels.ts";
import type { Digest } from "../oci/digest.ts";

/** Where what was learnt of layers is kept, by the digest of their blobs or plain tars; it may forget any of it. */
export interface IndexCache extends TocCache {
  open(digest: Digest): Promise<CachedIndex | undefined>;
  create(digest: Digest): Promise<CachedIndexWriter>;
}

export interface CachedIndex {
  /** Of gzip as docs/gzip-index.md has it, of a plain tar as bytes/piece-index.ts. */
  readonly index: Slices;
  /** The tar's members, as {@link encodeMembers} has them. */
  readonly members: Slices;
}

/** What is kept of a layer, seen by others only after `commit`. */
export interface CachedIndexWriter {
  readonly index: IndexSink;
  commit(members: Uint8Array): Promise<void>;
  abort(): Promise<void>;
}

/** A table of 2,000,000 members is about this long, in bytes. */
const MAX_MEMBERS = 512 << 20;

/** Bytes that are compressed at a time, about. */
const CHUNK_SIZE = 64 << 10;

/**
 * A layer's members for a cache, but for their PAX records: JSON of the shape
 * that tables of contents have, as gzip, whose checksum is its own.
 */
export function encodeMembers(entries: Iterable<LayerEntry>, kernels: Kernels): Promise<Uint8Array> {
  const codec = kernels.gzip({ level: 1 });
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  const keep = (view: Uint8Array) => void parts.push(view.slice());
  try {
    for (const text of documentTexts(entries)) codec.write(encoder.encode(text), keep);
    codec.end(keep);
  } finally {
    codec.release();
  }
  return collect(streamFrom(parts), MAX_MEMBERS);
}

function* documentTexts(entries: Iterable<LayerEntry>): Generator<string, void, void> {
  let text = '{"version":1,"entries":[';
  let separator = "";
  for (const { pax: _, ...entry } of entries) {
    text += separator + JSON.stringify(entry);
    separator = ",";
    if (text.length < CHUNK_SIZE) continue;
    yield text;
    text = "";
  }
  yield `${text}]}`;
}

/** The members that {@link encodeMembers} wrote. Fails with GZIP_INVALID, LAYOUT_INVALID on what it did not write. */
export async function decodeMembers(members: Slices, kernels: Kernels): Promise<EntryList> {
  const list = new EntryList();
  const pax = new Map();
  const json = gunzip(members.slice(), kernels, { maxOutput: MAX_MEMBERS });
  for await (const entries of tocEntries(json)) {
    for (const entry of entries as readonly LayerEntry[]) list.push({ ...entry, pax });
  }
  return list;
}
