import type { MergedTree, Superseded } from "./tree.ts";

/** What an image carries in vain, and would not if its layers were made one. */
export interface Waste {
  /** Bytes of files that higher layers replace or take away. */
  readonly wasted: number;
  /** The paths that cost most first. */
  readonly paths: readonly WastedPath[];
}

export interface WastedPath {
  readonly path: string;
  /** Bytes. */
  readonly wasted: number;
  /** Lowest layer first. The last is what the path holds, unless it is `removed`. */
  readonly versions: readonly { readonly layer: number; readonly size: number }[];
  /** A whiteout or something of another type took the path's file away. */
  readonly removed?: true;
}

/** The files of a tree that have several versions or were taken away, and what they cost. */
export function wasteOf(tree: MergedTree): Waste {
  const byPath = new Map<string, Superseded[]>();
  for (const content of tree.superseded) {
    const versions = byPath.get(content.path);
    if (versions) versions.push(content);
    else byPath.set(content.path, [content]);
  }
  const paths = [...byPath].map(([path, hidden]) => wastedPath(tree, path, hidden));
  paths.sort((a, b) => b.wasted - a.wasted || (a.path < b.path ? -1 : 1));
  return { wasted: sum(tree.superseded), paths };
}

function wastedPath(tree: MergedTree, path: string, hidden: readonly Superseded[]): WastedPath {
  const versions = hidden.map(({ layer, size }) => ({ layer, size }));
  const inode = tree.get(path)?.inode;
  if (inode?.entry?.type !== "file") return { path, wasted: sum(hidden), versions, removed: true };
  const current = { layer: inode.layer, size: inode.entry.size };
  return { path, wasted: sum(hidden), versions: [...versions, current] };
}

function sum(contents: readonly { readonly size: number }[]): number {
  return contents.reduce((total, { size }) => total + size, 0);
}
