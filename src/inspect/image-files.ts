import { type ByteStream, streamOf } from "../bytes/stream.ts";
import { reasonOf, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { EntryList } from "../image/entry-list.ts";
import type { Image, Layer } from "../image/image.ts";
import type { LayerEntry } from "../image/layer-entries.ts";
import type { MergedTree } from "../image/tree.ts";
import { TreeMerger } from "../image/tree-merger.ts";
import type { IndexCache } from "./index-cache.ts";
import { LayerPaths, parentOf } from "./layer-paths.ts";
import { isContentError, type LayerTable, layerTable } from "./layer-table.ts";

/** A path of an image, and which layer has what it names; the lowest is 0. */
export interface FoundFile {
  readonly layer: number;
  /** Absent for a folder that no layer names. */
  readonly entry: LayerEntry | undefined;
}

/** As many symlinks as Linux follows before ELOOP. */
const MAX_LINKS = 40;

/** The layers looked at so far do not tell; all of them together do. */
const UNDECIDED = Symbol("undecided");
type Lookup = FoundFile | undefined | typeof UNDECIDED;

/**
 * The files of an image, without its being unpacked. Each layer is read when it
 * is needed, once, from the highest down.
 */
export class ImageFiles {
  readonly #layers: readonly Layer[];
  readonly #host: Host;
  readonly #cache: IndexCache | undefined;
  readonly #tables = new Map<number, LayerTable>();
  readonly #paths = new Map<number, LayerPaths>();

  constructor({ layers }: Pick<Image, "layers">, host: Host, cache?: IndexCache) {
    this.#layers = layers;
    this.#host = host;
    this.#cache = cache;
  }

  /** What a process with this root would find, symlinks followed; undefined if there is nothing. */
  find(path: string): Promise<FoundFile | undefined> {
    return this.#believing(async () => {
      const found = await this.#find(partsOf(path), this.#layers.length - 1, 0);
      if (found !== UNDECIDED && found !== undefined) return found;
      // What every layer was looked at for may still be a folder that none names.
      if (found === undefined && this.#tables.size < this.#layers.length) return undefined;
      const node = (await this.#merged()).find(path);
      return node && { layer: node.inode.layer, entry: node.inode.entry };
    });
  }

  /** The tree of all layers. */
  tree(): Promise<MergedTree> {
    return this.#believing(() => this.#merged());
  }

  /** One layer's entries as they stand in it, whiteouts included. Throws NOT_FOUND. */
  async entries(layer: number): Promise<EntryList> {
    return (await this.#table(layer)).entries;
  }

  /** A file's content, checked. */
  async open({ layer, entry }: FoundFile): Promise<ByteStream> {
    if (!entry || entry.size === 0) return streamOf(new Uint8Array());
    const table = await this.#table(layer);
    try {
      return await table.open(entry);
    } catch (error) {
      if (!(await this.#readWhole([layer], error))) throw error;
      const found = await this.find(entry.path);
      if (found?.entry?.type !== "file") throw error;
      return this.open(found);
    }
  }

  /** Paths of the layers read so far that end in the same name. */
  similar(path: string): readonly string[] {
    const name = partsOf(path).at(-1)?.toLowerCase();
    const found = new Set<string>();
    for (const { entries } of this.#tables.values()) {
      for (const entry of entries) {
        if (entry.path.slice(entry.path.lastIndexOf("/") + 1).toLowerCase() === name) found.add(entry.path);
      }
    }
    return [...found].sort();
  }

  /** What tables of contents and indexes say is believed until it makes no sense. */
  async #believing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (await this.#readWhole([...this.#tables.keys()], error)) return work();
      throw error;
    }
  }

  /** Reads those of the layers whole of which a table of contents or an index told; whether there was one. */
  async #readWhole(layers: readonly number[], error: unknown): Promise<boolean> {
    const told = layers.filter((layer) => this.#tables.get(layer)?.whole !== undefined);
    if (told.length === 0 || !isContentError(error)) return false;
    for (const layer of told) {
      const message = `Reads layer ${layer} whole: ${reasonOf(error)}`;
      this.#host.log({ type: "warning", message });
      this.#tables.set(layer, (await this.#tables.get(layer)?.whole?.()) as LayerTable);
      this.#paths.delete(layer);
    }
    return true;
  }

  async #merged(): Promise<MergedTree> {
    const merger = new TreeMerger();
    for (const layer of this.#layers.keys()) {
      merger.nextLayer();
      for (const entry of await this.entries(layer)) merger.add(entry);
    }
    return merger.tree;
  }

  async #table(layer: number, path?: string): Promise<LayerTable> {
    const known = this.#tables.get(layer);
    if (known) return known;
    const source = this.#layers[layer];
    if (!source) {
      throw new SealiftError(
        "NOT_FOUND",
        `Cannot read layer ${layer}: the image has ${this.#layers.length}, counted from 0`,
      );
    }
    const table = await layerTable(source, (entry) => entry.path === path, this.#host, this.#cache);
    this.#tables.set(layer, table);
    return table;
  }

  async #pathsOf(layer: number, path: string): Promise<LayerPaths> {
    const known = this.#paths.get(layer) ?? new LayerPaths((await this.#table(layer, path)).entries);
    this.#paths.set(layer, known);
    return known;
  }

  /** Looks for a path from the layer `from` down, as far as has to be gone. */
  async #find(parts: readonly string[], from: number, followed: number): Promise<Lookup> {
    if (followed > MAX_LINKS) return UNDECIDED;
    if (parts.includes("..")) return UNDECIDED;
    const prefixes = parts.map((_, at) => parts.slice(0, at + 1).join("/"));
    const path = prefixes.at(-1) ?? "";
    /** What a higher layer says is a folder: whatever else it was further down is gone. */
    const folders = new Set<string>();
    for (let layer = from; layer >= 0; layer--) {
      const paths = await this.#pathsOf(layer, path);
      if (paths.mayAlias(prefixes) || prefixes.some((prefix) => paths.repeated.has(prefix))) return UNDECIDED;
      for (const [at, prefix] of prefixes.entries()) {
        const entry = paths.get(prefix);
        if (!entry) continue;
        const isLast = at === prefixes.length - 1;
        if (entry.type === "directory") {
          if (isLast) return { layer, entry };
          folders.add(prefix);
        } else if (folders.has(prefix)) return undefined;
        else if (entry.type === "symlink") {
          const target = followedTo(entry, parts.slice(at + 1), folders);
          return target ? this.#find(target, this.#layers.length - 1, followed + 1) : UNDECIDED;
        } else if (!isLast) return undefined;
        else if (entry.type === "hardlink") {
          return (await this.#find(partsOf(entry.linkname), layer, followed + 1)) ?? UNDECIDED;
        } else return { layer, entry };
      }
      const isHidden = prefixes.some(
        (prefix) => paths.whiteouts.has(prefix) || paths.opaque.has(parentOf(prefix)),
      );
      if (isHidden) return undefined;
    }
    return undefined;
  }
}

/** Where a path goes on behind a symlink; undefined where that takes to know what its parents are. */
function followedTo(
  { path, linkname }: LayerEntry,
  rest: readonly string[],
  folders: ReadonlySet<string>,
): readonly string[] | undefined {
  const target = partsOf(linkname);
  if (linkname.startsWith("/")) return [...target, ...rest];
  const folder = partsOf(parentOf(path));
  while (target[0] === "..") {
    // Of a folder that is one by its own layer, the parent is the one its name says.
    if (folder.length > 0 && !folders.has(folder.join("/"))) return undefined;
    target.shift();
    folder.pop();
  }
  return [...folder, ...target, ...rest];
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}
