import { Column } from "../bytes/column.ts";
import { textHash } from "../bytes/text-hash.ts";
import { TextStore } from "../bytes/text-store.ts";
import type { TarType } from "../tar/header.ts";
import { EntryList } from "./entry-list.ts";
import type { LayerEntry } from "./layer-entries.ts";

/** The root's number. It is nobody's child, so that as a child it means that there is none. */
export const ROOT = 0;
const NONE = 0;

/** The first is enough for a folder of an image; all that follow are twice the one before. */
const FIRST_SLOTS = 1 << 10;

/**
 * The nodes of a merged tree as numbers, some 120 bytes of memory each with
 * their entries; as objects, each in its folder's map, they took 500. A child is
 * found by a hash of its folder and name, a folder's children are a list in the
 * order they came. A number is never used again, so what was removed still knows
 * its name and folder.
 */
export class NodeTable {
  readonly entries = new EntryList();
  readonly #names = new TextStore();
  readonly #name = new Column(Uint32Array);
  readonly #hash = new Column(Uint32Array);
  readonly #parent = new Column(Uint32Array);
  readonly #first = new Column(Uint32Array);
  readonly #last = new Column(Uint32Array);
  readonly #next = new Column(Uint32Array);
  readonly #before = new Column(Uint32Array);
  readonly #layer = new Column(Uint32Array);
  readonly #hiddenBelow = new Column(Uint32Array);
  readonly #inode = new Column(Uint32Array);
  readonly #entry = new Column(Uint32Array);
  readonly #links = new Column(Uint32Array);
  /** Nodes but the root, by open addressing with linear probing. */
  #slots = new Uint32Array(FIRST_SLOTS);
  #taken = 0;
  #folder = ROOT;
  #folderPath = "";

  constructor() {
    this.#push(ROOT, "", 0);
  }

  /** Makes a node, the last of its folder, which has no other of this name; an inode of its own is that of a folder. */
  add(parent: number, name: string, layer: number): number {
    const node = this.#push(parent, name, layer);
    this.#append(parent, node);
    this.#insert(node);
    return node;
  }

  /** Takes a node, and so what is below it, out of its folder. */
  remove(node: number): void {
    this.#unlink(node);
    this.#release(this.#slotOf(node));
  }

  child(parent: number, name: string): number | undefined {
    const hash = textHash(name, parent);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; this.#slots[slot] !== NONE; slot = (slot + 1) & mask) {
      const node = this.#slots[slot] as number;
      if (this.#hash.get(node) !== hash || this.#parent.get(node) !== parent) continue;
      if (this.#names.equals(this.#name.get(node), name)) return node;
    }
    return undefined;
  }

  *children(parent: number): Generator<number, void, void> {
    for (let node = this.#first.get(parent); node !== NONE; node = this.#next.get(node)) yield node;
  }

  name(node: number): string {
    return this.#names.get(this.#name.get(node));
  }

  path(node: number): string {
    if (node === ROOT) return "";
    const parent = this.#parent.get(node);
    if (parent === ROOT) return this.name(node);
    // Nodes of one folder are asked for together, and what a folder is called never changes.
    if (parent !== this.#folder) [this.#folderPath, this.#folder] = [this.path(parent), parent];
    return `${this.#folderPath}/${this.name(node)}`;
  }

  parent(node: number): number | undefined {
    return node === ROOT ? undefined : this.#parent.get(node);
  }

  layer(node: number): number {
    return this.#layer.get(node) - BELOW;
  }

  setLayer(node: number, layer: number): void {
    this.#layer.set(node, layer + BELOW);
  }

  hiddenBelow(node: number): number {
    return this.#hiddenBelow.get(node) - BELOW;
  }

  setHiddenBelow(node: number, layer: number): void {
    this.#hiddenBelow.set(node, layer + BELOW);
  }

  /** The node that was the first name of the file; its own number where it is that. */
  inode(node: number): number {
    return this.#inode.get(node);
  }

  setInode(node: number, inode: number): void {
    this.#inode.set(node, inode);
  }

  links(inode: number): number {
    return this.#links.get(inode);
  }

  /** Counts one path more or fewer to the inode; gives how many are left. */
  countLinks(inode: number, by: number): number {
    this.#links.set(inode, this.#links.get(inode) + by);
    return this.#links.get(inode);
  }

  type(inode: number): TarType {
    const index = this.#entry.get(inode);
    return index === NONE ? "directory" : this.entries.type(index - 1);
  }

  entry(inode: number): LayerEntry | undefined {
    const index = this.#entry.get(inode);
    if (index === NONE) return undefined;
    const entry = this.entries.get(index - 1);
    return entry.path === "" ? { ...entry, path: this.path(inode) } : entry;
  }

  linkname(inode: number): string {
    const index = this.#entry.get(inode);
    return index === NONE ? "" : this.entries.linkname(index - 1);
  }

  setEntry(inode: number, entry: LayerEntry): void {
    // Most paths are where they say; the others go through symlinks.
    const path = entry.path === this.path(inode) ? "" : entry.path;
    this.#entry.set(inode, this.entries.push(entry, path) + 1);
  }

  #push(parent: number, name: string, layer: number): number {
    const node = this.#name.length;
    this.#name.push(this.#names.add(name));
    this.#hash.push(textHash(name, parent));
    this.#parent.push(parent);
    for (const column of [this.#first, this.#last, this.#next, this.#before]) column.push(NONE);
    this.#layer.push(layer + BELOW);
    this.#hiddenBelow.push(0);
    this.#inode.push(node);
    this.#entry.push(NONE);
    this.#links.push(1);
    return node;
  }

  #append(parent: number, node: number): void {
    const last = this.#last.get(parent);
    if (last === NONE) this.#first.set(parent, node);
    else this.#next.set(last, node);
    this.#before.set(node, last);
    this.#last.set(parent, node);
  }

  #unlink(node: number): void {
    const [parent, before, next] = [this.#parent.get(node), this.#before.get(node), this.#next.get(node)];
    if (before === NONE) this.#first.set(parent, next);
    else this.#next.set(before, next);
    if (next === NONE) this.#last.set(parent, before);
    else this.#before.set(next, before);
  }

  #insert(node: number): void {
    if (++this.#taken * 2 > this.#slots.length) this.#grow();
    this.#place(node);
  }

  #place(node: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hash.get(node) & mask;
    while (this.#slots[slot] !== NONE) slot = (slot + 1) & mask;
    this.#slots[slot] = node;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    for (const node of before) if (node !== NONE) this.#place(node);
  }

  #slotOf(node: number): number {
    const mask = this.#slots.length - 1;
    let slot = this.#hash.get(node) & mask;
    while (this.#slots[slot] !== node) slot = (slot + 1) & mask;
    return slot;
  }

  /** Empties a slot, and moves those into it that probing would not find behind a gap. */
  #release(slot: number): void {
    const mask = this.#slots.length - 1;
    let gap = slot;
    for (let at = (gap + 1) & mask; this.#slots[at] !== NONE; at = (at + 1) & mask) {
      const home = this.#hash.get(this.#slots[at] as number) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      this.#slots[gap] = this.#slots[at] as number;
      gap = at;
    }
    this.#slots[gap] = NONE;
    this.#taken--;
  }
}

/** What is below all layers has the number -1. */
const BELOW = 1;
