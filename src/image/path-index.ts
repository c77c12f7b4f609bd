import { textHash } from "../bytes/text-hash.ts";
import type { EntryList } from "./entry-list.ts";

const FIRST_SLOTS = 1 << 10;

/** Finds entries of a list by their paths, at 8 bytes or so for each of them; of two with one path, the first. */
export class PathIndex {
  readonly #list: EntryList;
  /** Places in the list and 1, by open addressing with linear probing. */
  #slots = new Uint32Array(FIRST_SLOTS);
  #length = 0;

  constructor(list: EntryList) {
    this.#list = list;
    this.update();
  }

  find(path: string): number | undefined {
    const place = this.#slots[this.#slotOf(path)] as number;
    return place === 0 ? undefined : place - 1;
  }

  /** Takes in what was added to the list. */
  update(): void {
    while (this.#length < this.#list.length) {
      if (this.#length * 2 >= this.#slots.length) this.#grow();
      this.#add(this.#length++);
    }
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let place = 0; place < this.#length; place++) this.#add(place);
  }

  #add(place: number): void {
    const slot = this.#slotOf(this.#list.path(place));
    if (this.#slots[slot] === 0) this.#slots[slot] = place + 1;
  }

  /** Where a path is, or would be. */
  #slotOf(path: string): number {
    const mask = this.#slots.length - 1;
    let slot = textHash(path) & mask;
    for (;;) {
      const place = this.#slots[slot] as number;
      if (place === 0 || this.#list.isAt(place - 1, path)) return slot;
      slot = (slot + 1) & mask;
    }
  }
}
