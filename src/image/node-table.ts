import { Column } from "../bytes/column.ts";
import type { TarType } from "../tar/header.ts";
import { EntryList } from "./entry-list.ts";
import type { LayerEntry } from "./layer-entries.ts";
import { NameTable, ROOT } from "./name-table.ts";

const NONE = 0;

/**
 * The nodes of a merged tree as numbers, those of a {@link NameTable}, some 120
 * bytes of memory each with their entries; as objects, each in its folder's map,
 * they took 500. A folder's children are a list in the order they came.
 */
export class NodeTable {
  readonly entries = new EntryList();
  readonly #names = new NameTable();
  readonly #first = new Column(Uint32Array);
  readonly #last = new Column(Uint32Array);
  readonly #next = new Column(Uint32Array);
  readonly #before = new Column(Uint32Array);
  readonly #layer = new Column(Uint32Array);
  readonly #hiddenBelow = new Column(Uint32Array);
  readonly #inode = new Column(Uint32Array);
  readonly #entry = new Column(Uint32Array);
  readonly #links = new Column(Uint32Array);

  constructor() {
    this.#push(ROOT, 0);
  }

  /** Makes a node, the last of its folder, which has no other of this name; an inode of its own is that of a folder. */
  add(parent: number, name: string, layer: number): number {
    const node = this.#names.add(parent, name);
    this.#push(node, layer);
    this.#append(parent, node);
    return node;
  }

  /** Takes a node, and so what is below it, out of its folder. */
  remove(node: number): void {
    this.#unlink(node);
    this.#names.remove(node);
  }

  child(parent: number, name: string): number | undefined {
    return this.#names.find(parent, name);
  }

  *children(parent: number): Generator<number, void, void> {
    for (let node = this.#first.get(parent); node !== NONE; node = this.#next.get(node)) yield node;
  }

  name(node: number): string {
    return this.#names.name(node);
  }

  path(node: number): string {
    return this.#names.path(node);
  }

  parent(node: number): number | undefined {
    return node === ROOT ? undefined : this.#names.folder(node);
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

  #push(node: number, layer: number): void {
    for (const column of [this.#first, this.#last, this.#next, this.#before]) column.push(NONE);
    this.#layer.push(layer + BELOW);
    this.#hiddenBelow.push(0);
    this.#inode.push(node);
    this.#entry.push(NONE);
    this.#links.push(1);
  }

  #append(parent: number, node: number): void {
    const last = this.#last.get(parent);
    if (last === NONE) this.#first.set(parent, node);
    else this.#next.set(last, node);
    this.#before.set(node, last);
    this.#last.set(parent, node);
  }

  #unlink(node: number): void {
    const [parent, before, next] = [this.#names.folder(node), this.#before.get(node), this.#next.get(node)];
    if (before === NONE) this.#first.set(parent, next);
    else this.#next.set(before, next);
    if (next === NONE) this.#last.set(parent, before);
    else this.#before.set(next, before);
  }
}

/** What is below all layers has the number -1. */
const BELOW = 1;
