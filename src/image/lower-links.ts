import type { ByteStream } from "../bytes/stream.ts";
import type { Host } from "../host.ts";
import { safePath } from "../tar/safety.ts";
import type { Layer } from "./image.ts";
import type { LayerEntry } from "./layer-entries.ts";
import type { LowerCuts } from "./lower-cuts.ts";
import { once } from "./once.ts";
import { openInode } from "./read-inode.ts";
import type { MergedTree, TreeNode } from "./tree.ts";
import { walkBeside } from "./tree.ts";
import { mergedTree } from "./tree-merger.ts";

/** A file of the layers below that a hard link makes one of this layer's too. */
export interface LowerFile {
  readonly entry: LayerEntry;
  /** The other names it has below, as links to the first. */
  readonly links: readonly LayerEntry[];
  open(): ByteStream;
}

/**
 * What hard links of a layer lead to in those below it. An overlay copies such a
 * file up before it gives it a second name, and so does one who writes the layer
 * anew. The layers below are read when the first such link is met.
 */
export class LowerLinks {
  readonly #layers: readonly Layer[];
  readonly #tree: () => Promise<MergedTree>;
  readonly #names: () => Promise<ReadonlyMap<number, readonly TreeNode[]>>;

  constructor(layers: readonly Layer[], { kernels }: Host) {
    this.#layers = layers;
    this.#tree = once(() => mergedTree({ layers }, kernels));
    this.#names = once(async () => namesByInode(await this.#tree()));
  }

  /** The file that is to be copied up for the entry; undefined where the tree above has it, or nobody. */
  async target(entry: LayerEntry, upper: MergedTree, cuts: LowerCuts): Promise<LowerFile | undefined> {
    if (entry.type !== "hardlink" || this.#layers.length === 0) return undefined;
    const path = safePath(entry.linkname, "rooted");
    if (walkBeside(upper.root, path)) return undefined;
    const node = walkBeside((await this.#tree()).root, path);
    const file = node?.inode.entry;
    if (!node || !file || node.children || cuts.hides(node.path)) return undefined;
    const { inode } = node;
    const named = (name: string): LayerEntry => ({ ...file, path: name });
    const isLeft = ({ path: other }: TreeNode) => !cuts.hides(other) && !upper.get(other);
    const others = (await this.#names()).get(inode.id) ?? [];
    return {
      entry: named(node.path),
      links: others
        .filter((other) => other.path !== node.path && isLeft(other))
        .map(({ path: other }) => ({ ...named(other), type: "hardlink", size: 0, linkname: node.path })),
      open: () => openInode(this.#layers, inode),
    };
  }
}

/** Of the files that have several, by inode. */
function namesByInode(tree: MergedTree): ReadonlyMap<number, readonly TreeNode[]> {
  const names = new Map<number, TreeNode[]>();
  for (const node of tree.nodes()) {
    const { id, links } = node.inode;
    if (links < 2) continue;
    const others = names.get(id);
    if (others) others.push(node);
    else names.set(id, [node]);
  }
  return names;
}
