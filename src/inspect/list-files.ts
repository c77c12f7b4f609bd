import type { LayerEntry } from "../image/layer-entries.ts";
import { childrenInOrder, inPathOrder, type TreeNode } from "../image/tree.ts";
import { xattrsOf } from "../tar/xattrs.ts";

/** One line of a listing. */
export interface ListedFile {
  /** From the root, which is "". */
  readonly path: string;
  readonly type: string;
  /** Octal, for example `0755`. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly owner: string;
  readonly group: string;
  /** Bytes. */
  readonly size: number;
  /** Seconds since the epoch; null for a folder that no layer names. */
  readonly mtime: number | null;
  /** Of a link, as written. */
  readonly target?: string;
  /** Names of extended attributes. */
  readonly xattrs?: readonly string[];
  /** Which layer has it; the lowest is 0. */
  readonly layer: number;
}

/**
 * A folder's files, or with `recursive` all below it; of what is no folder itself
 * alone. In byte order of path. Made when they are asked for, and as often.
 */
export function listNode(node: TreeNode, recursive: boolean): Iterable<ListedFile> {
  return { [Symbol.iterator]: () => listedBelow(node, recursive) };
}

function* listedBelow(node: TreeNode, recursive: boolean): Generator<ListedFile, void, void> {
  if (!node.children) yield listed(node);
  else for (const one of recursive ? inPathOrder(node) : childrenInOrder(node)) yield listed(one);
}

function listed({ path, layer, inode }: TreeNode): ListedFile {
  const { entry } = inode;
  if (entry) return { ...listEntry(entry, layer), path };
  const folder = { type: "directory", mode: "0755", uid: 0, gid: 0, owner: "", group: "", size: 0 };
  return { path, ...folder, mtime: null, layer };
}

/** An entry as its layer has it. */
export function listEntry(entry: LayerEntry, layer: number): ListedFile {
  const { path, type, mode, uid, gid, uname, gname, size, mtime, linkname, pax } = entry;
  const xattrs = [...xattrsOf(pax).keys()];
  return {
    path,
    type,
    mode: mode.toString(8).padStart(4, "0"),
    uid,
    gid,
    owner: uname,
    group: gname,
    size,
    mtime,
    ...((type === "symlink" || type === "hardlink") && { target: linkname }),
    ...(xattrs.length > 0 && { xattrs }),
    layer,
  };
}
