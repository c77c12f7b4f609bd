import type { EntryList } from "../image/entry-list.ts";
import type { LayerEntry } from "../image/layer-entries.ts";
import { parseWhiteout } from "../image/whiteout.ts";

/** A layer's entries by path, and what it takes away from the layers below. */
export class LayerPaths {
  /** Paths that the layer has twice: which of them counts is up to their order. */
  readonly repeated = new Set<string>();
  readonly whiteouts = new Set<string>();
  /** Folders of which nothing that lower layers have is left. */
  readonly opaque = new Set<string>();
  readonly #list: EntryList;
  /** The last of each path, by its place in the list. */
  readonly #places = new Map<string, number>();
  /**
   * Paths below folders that this layer does not name, by their last name: in
   * a lower layer such a folder may be a symlink, and they lie elsewhere then.
   */
  readonly #adrift = new Map<string, string[]>();

  constructor(list: EntryList) {
    this.#list = list;
    for (let place = 0; place < list.length; place++) this.#add(list.path(place), place);
    for (let place = 0; place < list.length; place++) {
      const path = list.path(place);
      if (!this.#isAnchored(parentOf(path))) this.#setAdrift(path);
    }
  }

  get(path: string): LayerEntry | undefined {
    const place = this.#places.get(path);
    return place === undefined ? undefined : this.#list.get(place);
  }

  /** Whether something in the layer may be one of these paths, though it has another name. */
  mayAlias(paths: readonly string[]): boolean {
    return paths.some((path) =>
      this.#adrift.get(path.slice(path.lastIndexOf("/") + 1))?.some((other) => other !== path),
    );
  }

  #add(path: string, place: number): void {
    const whiteout = parseWhiteout(path);
    if (whiteout?.kind === "file") this.whiteouts.add(whiteout.path);
    else if (whiteout?.kind === "opaque") this.opaque.add(whiteout.path);
    else if (!whiteout) {
      if (this.#places.has(path)) this.repeated.add(path);
      this.#places.set(path, place);
    }
  }

  /** Whether the layer itself says that this and all above it are folders. */
  #isAnchored(folder: string): boolean {
    for (let path = folder; path !== ""; path = parentOf(path)) {
      const place = this.#places.get(path);
      if (place === undefined || this.#list.type(place) !== "directory") return false;
    }
    return true;
  }

  #setAdrift(path: string): void {
    const whiteout = parseWhiteout(path);
    const target = whiteout ? whiteout.path : path;
    const name = target.slice(target.lastIndexOf("/") + 1);
    const others = this.#adrift.get(name);
    if (others) others.push(target);
    else this.#adrift.set(name, [target]);
  }
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}
