import { Column } from "../bytes/column.ts";
import { TextStore } from "../bytes/text-store.ts";
import { digestOfHash, hashOf } from "../oci/digest.ts";
import type { TarHeader, TarType } from "../tar/header.ts";
import { PackedPax, packedPax } from "../tar/packed-pax.ts";
import { NO_RECORDS } from "../tar/pax.ts";
import type { LayerEntry } from "./layer-entries.ts";

/** What most of an archive's entries have in common with others. */
type Shared = Pick<TarHeader, "type" | "mode" | "uid" | "gid" | "uname" | "gname" | "devmajor" | "devminor">;

/**
 * Entries by the hundred thousand: what an entry says takes some 40 bytes and
 * its path, where an object of it takes 400. An entry is made when it is asked
 * for, and is another object each time.
 */
export class EntryList implements Iterable<LayerEntry> {
  readonly #texts = new TextStore();
  readonly #shared: Shared[] = [];
  readonly #sharedIndex = new Map<string, number>();
  #lastShared = 0;
  readonly #sharing = new Column(Uint32Array);
  readonly #path = new Column(Uint32Array);
  readonly #linkname = new Column(Uint32Array);
  readonly #pax = new Column(Uint32Array);
  readonly #size = new Column(Float64Array);
  readonly #offset = new Column(Float64Array);
  readonly #mtime = new Column(Float64Array);
  readonly #digest = new Column(Uint32Array);

  get length(): number {
    return this.#size.length;
  }

  /** Keeps an entry, under another path if one is given; gives its index. Throws LIMIT_EXCEEDED. */
  push(entry: LayerEntry, path: string = entry.path): number {
    this.#sharing.push(this.#share(entry));
    this.#path.push(this.#texts.add(path));
    this.#linkname.push(this.#texts.add(entry.linkname));
    this.#pax.push(entry.pax === NO_RECORDS ? 0 : this.#texts.addBytes(packedPax(entry.pax)));
    this.#size.push(entry.size);
    this.#offset.push(entry.offset);
    this.#mtime.push(entry.mtime);
    this.#digest.push(entry.digest ? this.#texts.addBytes(hashOf(entry.digest)) : 0);
    return this.length - 1;
  }

  get(index: number): LayerEntry {
    const [pax, digest] = [this.#pax.get(index), this.#digest.get(index)];
    return {
      ...(this.#shared[this.#sharing.get(index)] as Shared),
      path: this.path(index),
      linkname: this.linkname(index),
      size: this.#size.get(index),
      offset: this.#offset.get(index),
      mtime: this.#mtime.get(index),
      pax: pax === 0 ? NO_RECORDS : new PackedPax(this.#texts.getBytes(pax)),
      ...(digest !== 0 && { digest: digestOfHash(this.#texts.getBytes(digest)) }),
    };
  }

  type(index: number): TarType {
    return (this.#shared[this.#sharing.get(index)] as Shared).type;
  }

  path(index: number): string {
    return this.#texts.get(this.#path.get(index));
  }

  /** Whether an entry has this path. */
  isAt(index: number, path: string): boolean {
    return this.#texts.equals(this.#path.get(index), path);
  }

  linkname(index: number): string {
    return this.#texts.get(this.#linkname.get(index));
  }

  *[Symbol.iterator](): Generator<LayerEntry, void, void> {
    for (let index = 0; index < this.length; index++) yield this.get(index);
  }

  #share(entry: Shared): number {
    const last = this.#shared[this.#lastShared];
    // Neighbours are mostly alike, and a key is a new text.
    if (!last || !isAlike(last, entry)) this.#lastShared = this.#sharedOf(entry);
    return this.#lastShared;
  }

  #sharedOf({ type, mode, uid, gid, uname, gname, devmajor, devminor }: Shared): number {
    const key = `${type} ${mode} ${uid} ${gid} ${devmajor} ${devminor} ${uname.length} ${uname}${gname}`;
    const known = this.#sharedIndex.get(key);
    if (known !== undefined) return known;
    const index = this.#shared.push({ type, mode, uid, gid, uname, gname, devmajor, devminor }) - 1;
    this.#sharedIndex.set(key, index);
    return index;
  }
}

function isAlike(a: Shared, b: Shared): boolean {
  const isOne = a.type === b.type && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
  const isOwner = a.uname === b.uname && a.gname === b.gname;
  return isOne && isOwner && a.devmajor === b.devmajor && a.devminor === b.devminor;
}
