import type { MergedTree, TreeNode } from "../image/tree.ts";
import type { Digest } from "../oci/digest.ts";
import { xattrsOf } from "../tar/xattrs.ts";

/** A path at which two trees differ. */
export interface FileChange {
  readonly path: string;
  readonly change: "added" | "removed" | "changed";
  /** Of what changed: which of the states' fields. */
  readonly fields?: readonly string[];
  readonly a?: FileState;
  readonly b?: FileState;
}

/** What is compared of a path; times are not. */
export interface FileState {
  readonly type: string;
  /** Octal. */
  readonly mode: string;
  /** `uid:gid`. */
  readonly owner: string;
  /** Bytes. */
  readonly size?: number;
  readonly digest?: Digest;
  /** Of a symlink. */
  readonly target?: string;
  /** `major:minor`. */
  readonly device?: string;
  /** Values in hex. */
  readonly xattrs?: Readonly<Record<string, string>>;
}

/** The paths at which the trees differ, in byte order. */
export function diffTrees(a: MergedTree, b: MergedTree): readonly FileChange[] {
  return [...changesBelow("", a.root, b.root)].sort((x, y) => (x.path < y.path ? -1 : 1));
}

/** What differs below a path; neither tree needs to have a folder there. */
function* changesBelow(
  path: string,
  a: TreeNode | undefined,
  b: TreeNode | undefined,
): Generator<FileChange, void, void> {
  const names = new Set([...(a?.children?.keys() ?? []), ...(b?.children?.keys() ?? [])]);
  for (const name of names) {
    const below = path === "" ? name : `${path}/${name}`;
    const [before, after] = [a?.children?.get(name), b?.children?.get(name)];
    const change = changeOf(below, before, after);
    if (change) yield change;
    if (before?.children || after?.children) yield* changesBelow(below, before, after);
  }
}

function changeOf(path: string, a: TreeNode | undefined, b: TreeNode | undefined): FileChange | undefined {
  const [before, after] = [a && stateOf(a), b && stateOf(b)];
  if (!before) return after && { path, change: "added", b: after };
  if (!after) return { path, change: "removed", a: before };
  if (JSON.stringify(before) === JSON.stringify(after)) return undefined;
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof FileState)[];
  const fields = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return { path, change: "changed", fields, a: before, b: after };
}

function stateOf({ inode }: TreeNode): FileState {
  const { entry } = inode;
  if (!entry) return { type: "directory", mode: "0755", owner: "0:0" };
  const { type, mode, uid, gid, size, linkname, devmajor, devminor, digest } = entry;
  const xattrs = [...xattrsOf(entry.pax)].sort(([x], [y]) => (x < y ? -1 : 1));
  return {
    type,
    // What a symlink's mode is no system asks.
    mode: type === "symlink" ? "0777" : mode.toString(8).padStart(4, "0"),
    owner: `${uid}:${gid}`,
    ...(type === "file" && { size }),
    ...(digest && { digest }),
    ...(type === "symlink" && { target: linkname }),
    ...((type === "character" || type === "block") && { device: `${devmajor}:${devminor}` }),
    ...(xattrs.length > 0 && {
      xattrs: Object.fromEntries(xattrs.map(([name, value]) => [name, hexOf(value)])),
    }),
  };
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
