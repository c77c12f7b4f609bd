import type { ContentsNode } from "./contents.ts";

/** A thing at a path; its node's name is the path's last part. */
export interface PathLeaf {
  readonly path: string;
  readonly node: Omit<ContentsNode, "name">;
}

interface Folder {
  /** The folder's own entry, if there was one. */
  own?: Omit<ContentsNode, "name">;
  readonly folders: Map<string, Folder>;
  readonly leaves: ContentsNode[];
}

/** Paths as a tree: folders first, then by name; a folder's size is that of all it holds. */
export function pathTree(key: string, leaves: Iterable<PathLeaf>): readonly ContentsNode[] {
  const root: Folder = { folders: new Map(), leaves: [] };
  for (const { path, node } of leaves) {
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    const name = parts.pop();
    if (name === undefined) continue;
    let folder = root;
    for (const part of parts) folder = folderIn(folder, part);
    if (node.kind === "folder") folderIn(folder, name).own = node;
    else folder.leaves.push({ ...node, name });
  }
  return nodesOf(root, key);
}

function folderIn(parent: Folder, name: string): Folder {
  const known = parent.folders.get(name);
  if (known) return known;
  const made: Folder = { folders: new Map(), leaves: [] };
  parent.folders.set(name, made);
  return made;
}

function nodesOf(folder: Folder, key: string): readonly ContentsNode[] {
  const folders = [...folder.folders]
    .sort(([a], [b]) => compare(a, b))
    .map(([name, inner]) => {
      const children = nodesOf(inner, `${key}/${name}`);
      const size = children.reduce((sum, child) => sum + (child.size ?? 0), 0);
      return { ...inner.own, key: `${key}/${name}/`, kind: "folder" as const, name, size, children };
    });
  return [...folders, ...folder.leaves.sort((a, b) => compare(a.name, b.name))];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
