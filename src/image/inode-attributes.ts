import type { FileAttributes } from "../bytes/root-fs.ts";
import { type Xattrs, xattrsOf } from "../tar/xattrs.ts";
import type { Inode } from "./tree.ts";

/** Of a folder that no layer names: it is root's, and anyone may enter it. */
const IMPLIED: FileAttributes = { mode: 0o755, uid: 0, gid: 0, mtime: 0 };

export function attributesOf({ entry }: Inode): FileAttributes {
  if (!entry) return IMPLIED;
  const { mode, uid, gid, mtime } = entry;
  return { mode, uid, gid, mtime };
}

/** An extended attribute that an image has and its disk must not. */
export interface RefusedXattr {
  readonly path: string;
  readonly name: string;
}

/**
 * Attributes by which a layer would speak to the machine it is unpacked on:
 * overlayfs takes its own for instructions (a `redirect` shows any folder below
 * it), and labels belong to the host's policy.
 */
const HOSTS_OWN = /^(?:(?:trusted|user)\.overlay\.|security\.selinux$|security\.ima$|security\.evm$)/;

/** An inode's extended attributes but for those that are the host's own, which are added to `refused`. */
export function keptXattrs(path: string, { entry }: Inode, refused: RefusedXattr[]): Xattrs {
  const kept = new Map<string, Uint8Array>();
  for (const [name, value] of entry ? xattrsOf(entry.pax) : []) {
    if (HOSTS_OWN.test(name)) refused.push({ path, name });
    else kept.set(name, value);
  }
  return kept;
}
