import { Column } from "../bytes/column.ts";
import { textHash } from "../bytes/text-hash.ts";
import { TextStore } from "../bytes/text-store.ts";

/** The root's number. It is nobody's child, so that as a child it means that there is none. */
export const ROOT = 0;
const NONE = 0;

/** The first is enough for a folder of an image; all that follow are twice the one before. */
const FIRST_SLOTS = 1 << 10;

/**
 * Names in folders as numbers, some 20 bytes of memory each and the name: paths
 * that begin alike have their beginning in common. A name is found by a hash of
 * its folder and itself. A number is never used again, so what was removed still
 * knows its name and folder.
 */
export class NameTable {
  readonly #names = new TextStore();
  readonly #name = new Column(Uint32Array);
  readonly #hash = new Column(Uint32Array);
  readonly #folder = new Column(Uint32Array);
  /** All but the root and what was removed, by open addressing with linear probing. */
  #slots = new Uint32Array(FIRST_SLOTS);
  #taken = 0;
  /** The folder whose path was asked for last. */
  #last = ROOT;
  #lastPath = "";

  constructor() {
    this.#push(ROOT, "");
  }

  /** Numbers given so far, the root's among them. */
  get length(): number {
    return this.#name.length;
  }

  /** Adds a name that its folder does not have. Throws LIMIT_EXCEEDED. */
  add(folder: number, name: string): number {
    const node = this.#push(folder, name);
    if (++this.#taken * 2 > this.#slots.length) this.#grow();
    this.#place(node);
    return node;
  }

  find(folder: number, name: string): number | undefined {
    const hash = textHash(name, folder);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; this.#slots[slot] !== NONE; slot = (slot + 1) & mask) {
      const node = this.#slots[slot] as number;
      if (this.#hash.get(node) !== hash || this.#folder.get(node) !== folder) continue;
      if (this.#names.equals(this.#name.get(node), name)) return node;
    }
    return undefined;
  }

  /** Takes a name out of its folder, which may have another of it then. */
  remove(node: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hash.get(node) & mask;
    while (this.#slots[slot] !== node) slot = (slot + 1) & mask;
    this.#release(slot);
  }

  name(node: number): string {
    return this.#names.get(this.#name.get(node));
  }

  /** The folder it is in; of the root itself the root. */
  folder(node: number): number {
    return this.#folder.get(node);
  }

  path(node: number): string {
    const folder = this.#folder.get(node);
    if (folder === ROOT) return this.name(node);
    // Nodes of one folder are asked for together, and what a folder is called never changes.
    if (folder !== this.#last) [this.#lastPath, this.#last] = [this.path(folder), folder];
    return `${this.#lastPath}/${this.name(node)}`;
  }

  #push(folder: number, name: string): number {
    const node = this.#name.length;
    this.#name.push(this.#names.add(name));
    this.#hash.push(textHash(name, folder));
    this.#folder.push(folder);
    return node;
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
