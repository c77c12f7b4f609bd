import type { RootFsRest, RootFsWriter, SpecialFile } from "../bytes/root-fs.ts";
import type { Host } from "../host.ts";
import type { Layer } from "./image.ts";
import { attributesOf } from "./inode-attributes.ts";
import { type MergedTree, subtree, type TreeNode } from "./tree.ts";
import type { Placed } from "./tree-merger.ts";
import {
  type EntryBody,
  finishRootFs,
  isSpecial,
  makeNode,
  restOf,
  type Unpacked,
  type UnpackedLayer,
  Unpacking,
  type UnpackOptions,
} from "./unpack.ts";

/** The folder of a layer, by its index, the lowest first. */
export type LayerFolder = (index: number) => Promise<RootFsWriter>;

/**
 * Unpacks each layer into a folder of its own, such that an overlay of them is
 * the image's root file system: what a layer takes away is a character device
 * 0/0 there, and a folder that hides all below has `trusted.overlay.opaque`.
 * Throws as {@link unpackLayers}.
 */
export async function unpackOverlay(
  layers: readonly Layer[],
  folderOf: LayerFolder,
  host: Host,
  options: UnpackOptions = {},
): Promise<Unpacked> {
  const folders: RootFsWriter[] = [];
  let folder: OverlayFolder | undefined;
  const unpacking = new Unpacking(host, options, {
    removed: (node) => folder?.hide(node),
    implied: (node) => folder?.directory(node),
    opaque: (node) => folder?.empty(node),
  });
  const unpacked: UnpackedLayer[] = [];
  for (const [index, layer] of layers.entries()) {
    const target = await folderOf(index);
    folders.push(target);
    const current = new OverlayFolder(index, target, folders, unpacking.tree);
    folder = current;
    unpacked.push(await unpacking.layer(layer, (placed, body) => current.make(placed, body)));
    await current.finish(host);
  }
  return { tree: unpacking.tree, layers: unpacked };
}

/** One layer's folder while its layer is laid upon those below. */
class OverlayFolder {
  readonly #index: number;
  readonly #target: RootFsWriter;
  /** All so far, this one the last. */
  readonly #folders: readonly RootFsWriter[];
  readonly #tree: MergedTree;
  /** What stands in this folder, whichever layer it came with. */
  readonly #present = new Map<string, TreeNode>();
  /** Paths at which a lower layer's file or folder is no more. */
  readonly #hidden = new Set<string>();
  /** Paths of folders in which nothing of lower layers is left. */
  readonly #opaque = new Set<string>();

  constructor(index: number, target: RootFsWriter, folders: readonly RootFsWriter[], tree: MergedTree) {
    this.#index = index;
    this.#target = target;
    this.#folders = folders;
    this.#tree = tree;
    this.#present.set("", tree.root);
  }

  make(placed: Placed, body: EntryBody): Promise<void> | void {
    const { node, target } = placed;
    this.#enter(node.parent);
    if (placed.kept) return node.children && this.directory(node);
    if (target && !isSpecial(target.inode)) this.#copyUp(target);
    this.#present.set(node.path, node);
    return makeNode(this.#target, placed, body);
  }

  /** A folder, with all above it. */
  directory(node: TreeNode): void {
    this.#enter(node);
  }

  /** What stood at the path is gone; so it must be from the overlay. */
  hide(node: TreeNode): void {
    // What only this layer had needs no whiteout, but its folder may have hidden a lower one's.
    if (node.layer < this.#index || node.children) this.#hidden.add(node.path);
    for (const { path } of subtree(node)) this.#present.delete(path);
    this.#target.remove(node.path);
  }

  empty(folder: TreeNode): void {
    this.#opaque.add(folder.path);
  }

  async finish(host: Host): Promise<void> {
    const whiteouts = this.#whiteouts();
    const opaque = [...this.#opaque, ...this.#hidden].filter((path) => this.#tree.get(path)?.children);
    for (const path of opaque) this.#enter(this.#tree.get(path));
    for (const path of whiteouts) this.#enter(this.#parentOf(path));
    const rest = restOf(this.#tree.root, this.#nodes());
    const specials = whiteouts.length > 0 ? [...rest.specials, whiteoutDevice(whiteouts)] : rest.specials;
    const xattrs = withOpaque(rest.xattrs, new Set(opaque));
    await finishRootFs(this.#target, { ...rest, specials, xattrs }, host);
  }

  /** Makes the folder here, as the layers below have it, and those above it. */
  #enter(folder: TreeNode | undefined): void {
    if (!folder || this.#present.has(folder.path)) return;
    this.#enter(folder.parent);
    this.#present.set(folder.path, folder);
    this.#target.directory(folder.path);
  }

  /** The names of a file are one file only within one folder: a lower layer's comes up to where its new name is. */
  #copyUp(node: TreeNode): void {
    if (this.#present.has(node.path)) return;
    this.#enter(node.parent);
    this.#present.set(node.path, node);
    const { entry } = node.inode;
    const lower = this.#folders[node.layer];
    if (entry?.type === "symlink") this.#target.symlink(node.path, entry.linkname, attributesOf(node.inode));
    else if (lower) this.#target.copyFrom(lower, node.path);
  }

  /** Hidden paths at which nothing stands; below an opaque folder nothing shows through. */
  #whiteouts(): readonly string[] {
    return [...this.#hidden].filter((path) => {
      const folder = this.#parentOf(path);
      return folder?.children && !this.#tree.get(path) && !this.#opaque.has(folder.path);
    });
  }

  #parentOf(path: string): TreeNode | undefined {
    return this.#tree.get(path.slice(0, Math.max(path.lastIndexOf("/"), 0)));
  }

  /** Parents first, as the tree has them; the root is not among them. */
  #nodes(): readonly TreeNode[] {
    const nodes = [...this.#present.values()].filter(({ path }) => path !== "");
    // A folder can come after what is in it where that was there before it.
    return nodes.sort((a, b) => depthOf(a) - depthOf(b));
  }
}

/** As overlayfs reads it (Linux, Documentation/filesystems/overlayfs.rst "whiteouts and opaque directories"). */
function whiteoutDevice(paths: readonly string[]): SpecialFile {
  return { kind: "character", major: 0, minor: 0, mode: 0, uid: 0, gid: 0, mtime: 0, paths };
}

const OPAQUE = new Map([["trusted.overlay.opaque", new TextEncoder().encode("y")]]);

function withOpaque(xattrs: RootFsRest["xattrs"], opaque: ReadonlySet<string>): RootFsRest["xattrs"] {
  const marked = xattrs.map(({ path, xattrs: own }) => ({
    path,
    xattrs: opaque.has(path) ? new Map([...own, ...OPAQUE]) : own,
  }));
  const have = new Set(xattrs.map(({ path }) => path));
  return [
    ...marked,
    ...[...opaque].filter((path) => !have.has(path)).map((path) => ({ path, xattrs: OPAQUE })),
  ];
}

function depthOf({ path }: TreeNode): number {
  let depth = 0;
  for (const character of path) if (character === "/") depth++;
  return depth;
}
