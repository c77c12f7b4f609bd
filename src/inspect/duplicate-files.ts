import { Column } from "../bytes/column.ts";
import { NameTable, ROOT } from "../image/name-table.ts";
import { shownName } from "../tar/shown-name.ts";
import type { Findings } from "./findings.ts";

/** Told one by one; the rest are counted. */
const MAX_TOLD = 10;

/** Paths remembered at most, the folders they are in among them, about 60 bytes each; large images have 300,000. */
const MAX_PATHS = 2_000_000;

/** Regular files that several layers have: the lower ones' copies are carried in vain. */
export class DuplicateFiles {
  readonly #names = new NameTable();
  /** The first and the last layer that has a file of the name, each and 1; 0 for what is a folder only. */
  readonly #first = new Column(Uint32Array);
  readonly #last = new Column(Uint32Array);
  /** Which layers have it, of the first names that several have. */
  readonly #told = new Map<number, number[]>();
  #count = 0;
  #layer = 0;
  #isFull = false;
  /** Of the last path: what is in one folder stands together in a tar. */
  #folder = { path: "", node: ROOT };

  constructor() {
    this.#push();
  }

  nextLayer(layer: number): void {
    this.#layer = layer;
  }

  add(path: string): void {
    const node = this.#nodeOf(path);
    if (node === undefined) {
      this.#isFull = true;
      return;
    }
    const [last, now] = [this.#last.get(node), this.#layer + 1];
    if (last === now) return;
    if (last === 0) this.#first.set(node, now);
    else this.#repeat(node, last - 1);
    this.#last.set(node, now);
  }

  report(findings: Findings): void {
    for (const [node, layers] of this.#told) {
      const name = shownName(this.#names.path(node));
      findings.add("info", "duplicate-file", `${name} is in layers ${layers.join(", ")}`);
    }
    const more = this.#count - this.#told.size;
    if (more > 0) findings.add("info", "duplicate-file", `... and ${more} more`);
    if (this.#isFull) {
      findings.add("info", "duplicate-file", `only the first ${MAX_PATHS} paths were compared`);
    }
  }

  #repeat(node: number, last: number): void {
    const isNew = this.#first.get(node) === this.#last.get(node);
    if (isNew && this.#count++ < MAX_TOLD) this.#told.set(node, [last]);
    this.#told.get(node)?.push(this.#layer);
  }

  /** Undefined for one that is new where there are too many. */
  #nodeOf(path: string): number | undefined {
    const slash = path.lastIndexOf("/");
    const folder = this.#folderAt(path.slice(0, Math.max(slash, 0)));
    return folder === undefined ? undefined : this.#child(folder, path.slice(slash + 1));
  }

  #folderAt(path: string): number | undefined {
    if (path === "") return ROOT;
    if (path === this.#folder.path) return this.#folder.node;
    const node = this.#nodeOf(path);
    if (node !== undefined) this.#folder = { path, node };
    return node;
  }

  #child(folder: number, name: string): number | undefined {
    const known = this.#names.find(folder, name);
    if (known !== undefined || this.#names.length > MAX_PATHS) return known;
    this.#push();
    return this.#names.add(folder, name);
  }

  #push(): void {
    this.#first.push(0);
    this.#last.push(0);
  }
}
