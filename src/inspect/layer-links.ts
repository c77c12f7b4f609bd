import { isSealiftError, SealiftError } from "../error.ts";
import { TreeMerger } from "../image/tree-merger.ts";
import type { TarHeader } from "../tar/header.ts";
import { NO_RECORDS } from "../tar/pax.ts";

/**
 * Lays the layers upon each other while they are checked, for what only that
 * shows: hard links to nothing, symlinks in a loop. A layer that was not read
 * whole may have what later ones link to; from there on nothing is said.
 */
export class LayerLinks {
  readonly #merger = new TreeMerger();
  #isWhole = true;

  nextLayer(): void {
    this.#merger.nextLayer();
  }

  /** Something of this layer is not known. */
  missing(): void {
    this.#isWhole = false;
  }

  /** Why the member cannot be put in its place, if it cannot. */
  add(header: TarHeader, path: string): SealiftError | undefined {
    if (!this.#isWhole) return undefined;
    try {
      // Times, owners and attributes have no say in it, and would be held for each of them.
      this.#merger.add({ ...header, uname: "", gname: "", pax: NO_RECORDS, path, offset: 0 });
      return undefined;
    } catch (error) {
      if (!(error instanceof SealiftError)) throw error;
      if (isSealiftError(error, "LIMIT_EXCEEDED")) this.missing();
      return error;
    }
  }
}
