import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { safePath } from "../tar/safety.ts";
import { shownName } from "../tar/shown-name.ts";
import type { Image } from "./image.ts";
import { type LayerEntry, readLayerEntries } from "./layer-entries.ts";
import { ROOT } from "./name-table.ts";
import { NodeTable } from "./node-table.ts";
import { TableNode } from "./table-node.ts";
import {
  type MergedTree,
  nodeAt,
  type Superseded,
  subtree,
  type TreeNode,
  walk,
  walkBeside,
} from "./tree.ts";
import { parseWhiteout } from "./whiteout.ts";

/** Each costs some 120 bytes of memory and its name while the tree is there; large images have 300,000. */
export const MAX_TREE_ENTRIES = 2_000_000;

/** Linux' PATH_MAX. Symlinks can lead to longer ones than a name may be. */
const MAX_TREE_PATH = 4096;

/** Hears what merging does beside putting the entry in its place, as it happens. */
export interface TreeObserver {
  /** What stood at the path is gone with all below it, for the sake of a whiteout or of another entry. */
  removed?(node: TreeNode): void;
  /** A folder that no entry named so far is there now. */
  implied?(node: TreeNode): void;
  /** Of the folder only what this layer puts there is left. */
  opaque?(node: TreeNode): void;
}

/** Where an entry is now. */
export interface Placed {
  readonly node: TreeNode;
  /** A folder that was there already, and has other attributes now. */
  readonly kept: boolean;
  /** The node that a hard link is another name of. */
  readonly target?: TreeNode;
}

/** The tree of an image's layers. Reads every layer once, and needs memory for the paths only. */
export async function mergedTree(image: Pick<Image, "layers">, kernels: Kernels): Promise<MergedTree> {
  const merger = new TreeMerger();
  for (const layer of image.layers) {
    merger.nextLayer();
    for await (const entry of readLayerEntries(layer, kernels)) merger.add(entry);
  }
  return merger.tree;
}

/**
 * Lays layers one upon the other, lowest first, entry by entry (image-spec,
 * layer.md "Applying Changesets"). Whiteouts take away what lower layers have
 * and never what their own layer has, wherever in it they stand.
 */
export class TreeMerger {
  readonly tree: MergedTree;
  readonly #table = new NodeTable();
  readonly #root = new TableNode(this.#table, ROOT);
  readonly #superseded: Superseded[] = [];
  readonly #observer: TreeObserver;
  readonly #maxEntries: number;
  #layer = -1;
  #entries = 0;
  /** Where the last entry's folder was found, as long as nothing goes that it may have been found by. */
  #last: { readonly parent: string; readonly folder: TableNode } | undefined;

  constructor(observer: TreeObserver = {}, maxEntries: number = MAX_TREE_ENTRIES) {
    const root = this.#root;
    this.#observer = observer;
    this.#maxEntries = maxEntries;
    this.tree = {
      root,
      superseded: this.#superseded,
      get: (path) => nodeAt(root, path),
      find: (path) => walk<TreeNode>(root, path),
      nodes: () => below(root),
    };
  }

  /** What is added from now on belongs to the next layer; gives its index. */
  nextLayer(): number {
    return ++this.#layer;
  }

  /**
   * Puts the layer's next entry in its place; a whiteout has none.
   * Throws UNSAFE_PATH, LIMIT_EXCEEDED, and TAR_INVALID on a hard link to nothing.
   */
  add(entry: LayerEntry): Placed | undefined {
    this.#count();
    const whiteout = parseWhiteout(entry.path);
    if (whiteout) {
      if (whiteout.kind === "file") this.#whiteOut(whiteout.path);
      else if (whiteout.kind === "opaque") this.#empty(whiteout.path);
      return undefined;
    }
    if (entry.type === "hardlink") return this.#link(entry);
    if (entry.type === "symlink") refuseUnmakable(entry);
    if (entry.path === "") return this.#restate(this.#root, entry);
    const [folder, name] = this.#placeOf(entry.path);
    const before = folder.children?.get(name);
    if (before?.children && entry.type === "directory") return this.#restate(before, entry);
    const node = this.#put(folder, name);
    this.#table.setEntry(node.id, entry);
    return { node, kept: false };
  }

  /** Puts an entry where the layers below all that were added have it: what hides those hides it. */
  addBelow(entry: LayerEntry): void {
    const layer = this.#layer;
    this.#layer = -1;
    try {
      this.add(entry);
    } finally {
      this.#layer = layer;
    }
  }

  #restate(folder: TableNode, entry: LayerEntry): Placed {
    this.#table.setEntry(folder.id, entry);
    this.#table.setLayer(folder.id, this.#layer);
    return { node: folder, kept: true };
  }

  #link(entry: LayerEntry): Placed {
    const refuse = (reason: string) =>
      new SealiftError(
        "TAR_INVALID",
        `Cannot link ${shownName(entry.path)} to ${shownName(entry.linkname)}: ${reason}`,
      );
    const target = walkBeside<TableNode>(this.#root, safePath(entry.linkname, "rooted"));
    if (!target) throw refuse("no layer has that");
    if (target.children) throw refuse("it is a folder");
    const [folder, name] = this.#placeOf(entry.path);
    if (target.is(folder.children?.get(name))) return { node: target, kept: true };
    const node = this.#put(folder, name);
    this.#table.setInode(node.id, target.inode.id);
    this.#table.countLinks(target.inode.id, 1);
    // What the link replaced may have been a folder above its target.
    if (!target.is(nodeAt(this.#root, target.path))) throw refuse("it takes that one's place");
    return { node, kept: false, target };
  }

  /** Makes a node, a folder that no layer names as yet, in place of what stands there. */
  #put(folder: TableNode, name: string): TableNode {
    const before = folder.children?.get(name);
    if (before) this.#remove(before);
    const node = new TableNode(this.#table, this.#table.add(folder.id, name, this.#layer));
    const { path } = node;
    if (path.length > MAX_TREE_PATH) {
      throw new SealiftError(
        "LIMIT_EXCEEDED",
        `Cannot make ${JSON.stringify(path.slice(0, 200))}…: its path is longer than ${MAX_TREE_PATH} characters`,
      );
    }
    return node;
  }

  /** The folder of a path, made if it is not there, and the name in it. */
  #placeOf(path: string): readonly [TableNode, string] {
    const [parent, name] = splitPath(path);
    // What is in one folder stands together in a tar.
    if (this.#last?.parent === parent) return [this.#last.folder, name];
    const folder = walk<TableNode>(this.#root, parent, (above, missing) => this.#imply(above, missing));
    if (folder?.children) {
      this.#last = { parent, folder };
      return [folder, name];
    }
    // A file stands where the folder must be: it makes way, as an overlay would have it.
    const [above, last] = splitPath((folder as TableNode).path);
    return [this.#imply(nodeAt(this.#root, above) as TableNode, last), name];
  }

  #imply(folder: TableNode, name: string): TableNode {
    this.#count();
    const node = this.#put(folder, name);
    this.#observer.implied?.(node);
    return node;
  }

  #whiteOut(path: string): void {
    const [parent, name] = splitPath(path);
    const node = walk<TableNode>(this.#root, parent)?.children?.get(name);
    if (node && this.#hide(node) && node.children) this.#observer.opaque?.(node);
  }

  #empty(path: string): void {
    const folder = walk<TableNode>(this.#root, path);
    if (!folder?.children || this.#table.hiddenBelow(folder.id) === this.#layer) return;
    this.#hideBelow(folder);
    this.#observer.opaque?.(folder);
  }

  /** Takes away what lower layers have at the node and below; says whether anything of this layer is left. */
  #hide(node: TableNode): boolean {
    if (this.#isTouched(node)) {
      if (node.children) this.#hideBelow(node);
      return true;
    }
    this.#remove(node);
    return false;
  }

  #hideBelow(folder: TableNode): void {
    // Once for each layer: a thousand markers in one folder must not mean a thousand walks through it.
    if (this.#table.hiddenBelow(folder.id) === this.#layer) return;
    this.#table.setHiddenBelow(folder.id, this.#layer);
    for (const child of [...(folder.children?.values() ?? [])]) this.#hide(child);
  }

  /** Whether this layer put the node there, or something below it. */
  #isTouched(node: TableNode): boolean {
    if (node.layer === this.#layer) return true;
    for (const child of node.children?.values() ?? []) if (this.#isTouched(child)) return true;
    return false;
  }

  #remove(node: TableNode): void {
    this.#table.remove(node.id);
    this.#last = undefined;
    for (const { path, inode } of subtree(node)) {
      if (this.#table.countLinks(inode.id, -1) > 0 || inode.entry?.type !== "file") continue;
      this.#superseded.push({ path, layer: inode.layer, size: inode.entry.size });
    }
    this.#observer.removed?.(node);
  }

  /** A tar of empty files is a thousandth of what it becomes here. */
  #count(): void {
    if (++this.#entries <= this.#maxEntries) return;
    throw new SealiftError(
      "LIMIT_EXCEEDED",
      `Cannot read image: its layers have more than ${this.#maxEntries} entries`,
    );
  }
}

/** Where a symlink leads is looked up as a process would; whether there can be such a link is said at once. */
function refuseUnmakable({ path, linkname }: LayerEntry): void {
  if (linkname !== "" && linkname.length <= MAX_TREE_PATH) return;
  const reason =
    linkname === "" ? "it has no target" : `its target is longer than ${MAX_TREE_PATH} characters`;
  throw new SealiftError("TAR_INVALID", `Cannot make symlink ${shownName(path)}: ${reason}`);
}

function* below(root: TreeNode): Generator<TreeNode, void, void> {
  for (const node of subtree(root)) if (node.parent) yield node;
}

function splitPath(path: string): readonly [folder: string, name: string] {
  const slash = path.lastIndexOf("/");
  return [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
}
