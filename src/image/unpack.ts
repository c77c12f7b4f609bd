import { observed } from "../bytes/progress.ts";
import type { RootFsRest, RootFsWriter, SpecialFile } from "../bytes/root-fs.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Digest } from "../oci/digest.ts";
import { StreamInput } from "../tar/input.ts";
import { bodyChunks, readHeads } from "../tar/read.ts";
import type { Layer } from "./image.ts";
import { attributesOf, keptXattrs, type RefusedXattr } from "./inode-attributes.ts";
import { type LayerEntry, layerEntry } from "./layer-entries.ts";
import type { Inode, MergedTree, TreeNode } from "./tree.ts";
import { type Placed, TreeMerger, type TreeObserver } from "./tree-merger.ts";

/** Bytes of all files of an image: a compressed layer can hold a thousand times what it is. */
export const MAX_UNPACKED_SIZE: number = 512 * 1024 ** 3;

/** Up to here a file is taken in one piece, which costs one system call rather than several turns. */
const SMALL_FILE = 256 * 1024;

export interface UnpackOptions {
  /** Bytes; {@link MAX_UNPACKED_SIZE} without it. */
  readonly maxSize?: number;
  /** Entries of all layers together; {@link MAX_TREE_ENTRIES} without it. */
  readonly maxEntries?: number;
}

/** What was unpacked. */
export interface Unpacked {
  /** What is there now. */
  readonly tree: MergedTree;
  readonly layers: readonly UnpackedLayer[];
}

export interface UnpackedLayer {
  /** The diff_id. */
  readonly digest: Digest;
  /** Bytes of the uncompressed tar. */
  readonly size: number;
}

/**
 * Unpacks layers, lowest first, into one root file system, whiteouts applied.
 * The caller disposes of the root file system if it fails.
 * Throws UNSAFE_PATH, LIMIT_EXCEEDED, TAR_INVALID, and what reading and writing throw.
 */
export async function unpackLayers(
  layers: readonly Layer[],
  target: RootFsWriter,
  host: Host,
  options: UnpackOptions = {},
): Promise<Unpacked> {
  const unpacking = new Unpacking(host, options, {
    removed: ({ path }) => target.remove(path),
    implied: ({ path }) => target.directory(path),
  });
  const unpacked: UnpackedLayer[] = [];
  for (const layer of layers) {
    unpacked.push(await unpacking.layer(layer, (placed, body) => makeNode(target, placed, body)));
  }
  await finishRootFs(target, restOf(unpacking.tree.root, unpacking.tree.nodes()), host);
  return { tree: unpacking.tree, layers: unpacked };
}

/** The body of an entry: at hand if it is small. */
export type EntryBody = Uint8Array | AsyncIterable<Uint8Array>;

/** Makes on a disk what was placed in the tree. */
export type Make = (placed: Placed, body: EntryBody) => Promise<void> | void;

/** Layers on their way into a tree and onto a disk. */
export class Unpacking {
  readonly #merger: TreeMerger;
  readonly #host: Host;
  readonly #maxSize: number;
  #size = 0;

  constructor(host: Host, options: UnpackOptions, observer: TreeObserver) {
    this.#host = host;
    this.#maxSize = options.maxSize ?? MAX_UNPACKED_SIZE;
    this.#merger = new TreeMerger(observer, options.maxEntries);
  }

  get tree(): MergedTree {
    return this.#merger.tree;
  }

  /** Adds the next layer: each entry is placed in the tree, then made. */
  async layer(layer: Layer, make: Make): Promise<UnpackedLayer> {
    this.#merger.nextLayer();
    const digest = await layer.diffId();
    const input = new StreamInput(await this.#observed(layer, digest));
    for await (const { header } of readHeads(input, this.#host.kernels)) {
      this.#host.signal?.throwIfAborted();
      const start = input.position;
      const entry = layerEntry(header, start);
      this.#refuseBomb(entry);
      const placed = this.#merger.add(entry);
      if (!placed) continue;
      const small = entry.size <= SMALL_FILE;
      const made = make(
        placed,
        small ? await input.take(entry.size) : bodyChunks(input, start, start + entry.size),
      );
      if (made) await made;
    }
    return { digest, size: input.position };
  }

  async #observed(layer: Layer, id: Digest) {
    return observed(await layer.stream(), (done, finished) =>
      this.#host.log({ type: "progress", id, stage: "unpacking", done, finished }),
    );
  }

  /** By what headers announce, before any of it is written. */
  #refuseBomb({ size, path }: LayerEntry): void {
    this.#size += size;
    if (this.#size <= this.#maxSize) return;
    throw new SealiftError(
      "LIMIT_EXCEEDED",
      `Cannot unpack ${path}: the image's files have more than ${this.#maxSize} bytes`,
    );
  }
}

/** Makes an entry that was placed; devices and folders' attributes follow at the end. */
export function makeNode(target: RootFsWriter, placed: Placed, body: EntryBody): Promise<void> | void {
  const { node, kept } = placed;
  const { entry } = node.inode;
  if (kept || !entry || isSpecial(node.inode)) return;
  if (placed.target) return target.hardlink(node.path, placed.target.path);
  if (entry.type === "directory") return target.directory(node.path);
  if (entry.type === "symlink") return target.symlink(node.path, entry.linkname, attributesOf(node.inode));
  return target.file(node.path, attributesOf(node.inode), body);
}

/** Whether an inode is a device or a pipe. */
export function isSpecial({ entry }: Inode): boolean {
  return entry?.type === "character" || entry?.type === "block" || entry?.type === "fifo";
}

/** What has to come last for the nodes, and which of their extended attributes are not for a disk. */
export interface UnpackedRest extends RootFsRest {
  readonly refused: readonly RefusedXattr[];
}

/** What has to come last for the root and these nodes. */
export function restOf(root: TreeNode, nodes: Iterable<TreeNode>): UnpackedRest {
  const directories = [{ path: root.path, ...attributesOf(root.inode) }];
  const xattrs: RootFsRest["xattrs"][number][] = [];
  const refused: RefusedXattr[] = [];
  const specials = new Map<number, SpecialFile>();
  const seen = new Set<number>();
  const addXattrs = ({ path, inode }: TreeNode) => {
    if (seen.has(inode.id)) return;
    seen.add(inode.id);
    const kept = keptXattrs(path, inode, refused);
    if (kept.size > 0) xattrs.push({ path, xattrs: kept });
  };
  addXattrs(root);
  for (const node of nodes) {
    const { path, inode } = node;
    if (node.children) directories.push({ path, ...attributesOf(inode) });
    if (isSpecial(inode)) {
      const paths = specials.get(inode.id)?.paths ?? [];
      specials.set(inode.id, specialFile(inode, [...paths, path]));
    }
    if (inode.entry && inode.entry.pax.size > 0) addXattrs(node);
  }
  return { specials: [...specials.values()], xattrs, directories, refused };
}

/** Ends the writing, and says what could not be kept. */
export async function finishRootFs(target: RootFsWriter, rest: UnpackedRest, host: Host): Promise<void> {
  const [first] = rest.refused;
  if (first) {
    const others = rest.refused.length > 1 ? ` and ${rest.refused.length - 1} others` : "";
    host.log({
      type: "warning",
      message: `Left out ${first.name} of ${first.path || "/"}${others}: such attributes are the host's to set`,
    });
  }
  for (const message of await target.finish(rest)) host.log({ type: "warning", message });
}

function specialFile(inode: Inode, paths: readonly string[]): SpecialFile {
  const { type, devmajor: major, devminor: minor } = inode.entry as LayerEntry;
  return { ...attributesOf(inode), kind: type as SpecialFile["kind"], major, minor, paths };
}
