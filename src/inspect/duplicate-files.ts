import { shownName } from "../tar/shown-name.ts";
import type { Findings } from "./findings.ts";

/** Told one by one; the rest are counted. */
const MAX_TOLD = 10;

/** Paths remembered at most, about 200 bytes each; large images have 300,000. */
const MAX_PATHS = 2_000_000;

/** Regular files that several layers have: the lower ones' copies are carried in vain. */
export class DuplicateFiles {
  /** The last layer that has the path. */
  readonly #last = new Map<string, number>();
  readonly #layers = new Map<string, number[]>();
  #layer = 0;
  #isFull = false;

  nextLayer(layer: number): void {
    this.#layer = layer;
  }

  add(path: string): void {
    const before = this.#last.get(path);
    if (before === this.#layer) return;
    if (before !== undefined) {
      const layers = this.#layers.get(path) ?? [before];
      layers.push(this.#layer);
      this.#layers.set(path, layers);
    } else if (this.#last.size >= MAX_PATHS) {
      this.#isFull = true;
      return;
    }
    this.#last.set(path, this.#layer);
  }

  report(findings: Findings): void {
    for (const [path, layers] of [...this.#layers].slice(0, MAX_TOLD)) {
      findings.add("info", "duplicate-file", `${shownName(path)} is in layers ${layers.join(", ")}`);
    }
    const more = this.#layers.size - MAX_TOLD;
    if (more > 0) findings.add("info", "duplicate-file", `... and ${more} more`);
    if (this.#isFull) {
      findings.add("info", "duplicate-file", `only the first ${MAX_PATHS} paths were compared`);
    }
  }
}
