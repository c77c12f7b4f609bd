import type { IndexSink } from "../bytes/piece-index.ts";
import type { Slices } from "../bytes/slices.ts";
import { collect, streamFrom } from "../bytes/stream.ts";
import { gunzip } from "../compression/gzip.ts";
import type { TocCache } from "../image/chunked-layer.ts";
import type { LayerEntry } from "../image/layer-entries.ts";
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

/** A layer's members for a cache, but for their PAX records: JSON as gzip, whose checksum is its own. */
export function encodeMembers(entries: readonly LayerEntry[], kernels: Kernels): Promise<Uint8Array> {
  const text = JSON.stringify(entries.map(({ pax: _, ...entry }) => entry));
  const codec = kernels.gzip({ level: 1 });
  const parts: Uint8Array[] = [];
  const keep = (view: Uint8Array) => void parts.push(view.slice());
  try {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += 1 << 20) codec.write(bytes.subarray(at, at + (1 << 20)), keep);
    codec.end(keep);
  } finally {
    codec.release();
  }
  return collect(streamFrom(parts), MAX_MEMBERS);
}

/** The members that {@link encodeMembers} wrote. Fails with GZIP_INVALID, SyntaxError on what it did not write. */
export async function decodeMembers(members: Slices, kernels: Kernels): Promise<readonly LayerEntry[]> {
  const bytes = await collect(gunzip(members.slice(), kernels), MAX_MEMBERS, "cached members");
  const entries: LayerEntry[] = JSON.parse(new TextDecoder().decode(bytes));
  const pax = new Map();
  return entries.map((entry) => ({ ...entry, pax }));
}
