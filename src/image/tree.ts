import { SealiftError } from "../error.ts";
import { LOOP_HINT } from "../tar/safety.ts";
import { shownName } from "../tar/shown-name.ts";
import type { LayerEntry } from "./layer-entries.ts";

/** What an image's layers come to when one is laid upon the other. */
export interface MergedTree {
  readonly root: TreeNode;
  /** Contents that a layer holds and a higher one hides, in the order they were hidden. */
  readonly superseded: readonly Superseded[];
  /** What stands at the path itself, symlinks among its parents not followed; "" is the root. */
  get(path: string): TreeNode | undefined;
  /** What a process with this root would find, symlinks followed. Throws UNSAFE_PATH on a loop of them. */
  find(path: string): TreeNode | undefined;
  /** Every path but the root, parents before what is in them. */
  nodes(): Iterable<TreeNode>;
}

/** One path of a merged tree. */
export interface TreeNode {
  /** Relative to the root, which is "". */
  readonly path: string;
  readonly parent: TreeNode | undefined;
  /** Which layer put it here: an index, the lowest is 0. */
  readonly layer: number;
  /** Its type, attributes and content; hard links have one between them. */
  readonly inode: Inode;
  /** By name, if it is a folder. */
  readonly children: NodeChildren | undefined;
  /** Where it leads, if it is a symlink. */
  readonly symlink: string | undefined;
}

/** What is in a folder, in the order in which it came there. */
export interface NodeChildren extends Iterable<[string, TreeNode]> {
  readonly size: number;
  get(name: string): TreeNode | undefined;
  keys(): Iterable<string>;
  values(): Iterable<TreeNode>;
}

/** What a path names. */
export interface Inode {
  /** The same for all names of it, and nothing else's. */
  readonly id: number;
  /** Which layer holds the content. */
  readonly layer: number;
  /** Absent for a folder that no layer names, and that is there because something lies in it. */
  readonly entry: LayerEntry | undefined;
  /** How many paths lead to it; of a folder it says nothing. */
  readonly links: number;
}

/** A file's content that a layer holds though no path leads to it any more. */
export interface Superseded {
  readonly path: string;
  /** Which layer holds it: an index, the lowest is 0. */
  readonly layer: number;
  /** Bytes. */
  readonly size: number;
}

/** As many symlinks as Linux follows before ELOOP. */
const MAX_LINKS = 40;

/** Looks up what is not there, or is no folder where one is needed: the folder to go on with, or nothing. */
type Missing<Node> = (folder: Node, name: string) => Node | undefined;

/** What walking needs of a node. */
type Walkable<Node> = Pick<TreeNode, "symlink"> & {
  readonly parent: Node | undefined;
  readonly children: { get(name: string): Node | undefined } | undefined;
};

/**
 * Walks a path as a process with this root does: a symlink is followed, an
 * absolute one from the root, and the root's parent is the root. So no path and
 * no link of an image leads out of it. Throws UNSAFE_PATH.
 */
export function walk<Node extends Walkable<Node>>(
  root: Node,
  path: string,
  missing: Missing<Node> = () => undefined,
): Node | undefined {
  // From the last to the first: taking from the end of an array is cheap.
  const left = path.split("/").reverse();
  let node = root;
  for (let followed = 0; left.length > 0; ) {
    const name = left.pop() as string;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      node = node.parent ?? root;
      continue;
    }
    let child = node.children?.get(name);
    const target = child?.symlink;
    if (target !== undefined) {
      if (++followed > MAX_LINKS) {
        throw new SealiftError(
          "UNSAFE_PATH",
          `Cannot look up ${shownName(path)}: it goes through a loop of symlinks`,
          { hint: LOOP_HINT },
        );
      }
      if (target.startsWith("/")) node = root;
      left.push(...target.split("/").reverse());
      continue;
    }
    if (!child || (!child.children && left.length > 0)) child = missing(node, name);
    if (!child) return undefined;
    node = child;
  }
  return node;
}

/** What a hard link's target names: symlinks among its folders are followed, at its end none. Throws UNSAFE_PATH. */
export function walkBeside<Node extends Walkable<Node>>(root: Node, path: string): Node | undefined {
  const slash = path.lastIndexOf("/");
  return walk(root, path.slice(0, Math.max(slash, 0)))?.children?.get(path.slice(slash + 1));
}

/** The node at the path, no symlinks followed. */
export function nodeAt<Node extends Walkable<Node>>(root: Node, path: string): Node | undefined {
  if (path === "") return root;
  let node: Node | undefined = root;
  for (const name of path.split("/")) {
    node = node?.children?.get(name);
    if (!node) return undefined;
  }
  return node;
}

/** The node and all below it, parents first. */
export function* subtree<Node extends { readonly children: { values(): Iterable<Node> } | undefined }>(
  node: Node,
): Generator<Node, void, void> {
  const left = [node];
  for (let next = left.pop(); next; next = left.pop()) {
    yield next;
    if (next.children) left.push(...[...next.children.values()].reverse());
  }
}

/** What is in a folder, by name. */
export function childrenInOrder({ children }: TreeNode): readonly TreeNode[] {
  return sorted(children).map(([, node]) => node);
}

/** All below a folder, as their names sort: folders before what is in them, and `a/b` before `a.b`. */
export function* inTreeOrder(folder: TreeNode): Generator<TreeNode, void, void> {
  for (const node of childrenInOrder(folder)) {
    yield node;
    if (node.children) yield* inTreeOrder(node);
  }
}

/** All below a folder, as their paths sort: `a.b` comes between `a` and `a/b`. */
export function* inPathOrder({ children }: TreeNode): Generator<TreeNode, void, void> {
  const both = [...(children ?? [])].flatMap(([name, node]): [string, TreeNode][] =>
    node.children
      ? [
          [name, node],
          [`${name}/`, node],
        ]
      : [[name, node]],
  );
  for (const [key, node] of sorted(both)) {
    if (key.endsWith("/")) yield* inPathOrder(node);
    else yield node;
  }
}

function sorted(nodes: Iterable<readonly [string, TreeNode]> = []): readonly (readonly [string, TreeNode])[] {
  return [...nodes].sort(([a], [b]) => (a < b ? -1 : 1));
}
