import type { LayerEntry } from "../image/layer-entries.ts";
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

/** Where the contents' digests are. */
export interface ContentDigests {
  digestOf(entry: LayerEntry): Digest | undefined;
}

/** The paths at which the trees differ, in byte order. */
export function diffTrees(a: MergedTree, b: MergedTree, digests: ContentDigests): readonly FileChange[] {
  const before = nodesOf(a);
  const after = nodesOf(b);
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => changeOf(path, before.get(path), after.get(path), digests));
}

function nodesOf(tree: MergedTree): ReadonlyMap<string, TreeNode> {
  return new Map([...tree.nodes()].map((node) => [node.path, node]));
}

function changeOf(
  path: string,
  a: TreeNode | undefined,
  b: TreeNode | undefined,
  digests: ContentDigests,
): readonly FileChange[] {
  // The same entry of a layer that both have.
  if (a && b && a.inode.entry === b.inode.entry) return [];
  const [before, after] = [a && stateOf(a, digests), b && stateOf(b, digests)];
  if (!before) return after ? [{ path, change: "added", b: after }] : [];
  if (!after) return [{ path, change: "removed", a: before }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof FileState)[];
  const fields = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return fields.length > 0 ? [{ path, change: "changed", fields, a: before, b: after }] : [];
}

function stateOf({ inode: { entry } }: TreeNode, digests: ContentDigests): FileState {
  if (!entry) return { type: "directory", mode: "0755", owner: "0:0" };
  const { type, mode, uid, gid, size, linkname, devmajor, devminor } = entry;
  const digest = digests.digestOf(entry);
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
