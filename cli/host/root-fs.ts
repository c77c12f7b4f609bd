import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import type { FileAttributes, FileBody, RootFsRest, RootFsWriter } from "../../src/bytes/root-fs.ts";
import { fileError } from "./file-error.ts";
import { pathBytes } from "./path-bytes.ts";
import { makeSpecials } from "./special-files.ts";
import { setXattrs } from "./xattrs.ts";

/** Set-id bits and the like fall off when a file is written or given away, so these are set last. */
const SPECIAL_BITS = 0o7000;

/** Milliseconds: no Date is earlier. */
const EARLIEST = -8.64e15;

/**
 * A root file system in a folder that is new and nobody else's yet. Works in
 * synchronous calls: for files of a few kilobytes each turn through the event
 * loop costs several times the system call itself.
 */
export class NodeRootFs implements RootFsWriter {
  readonly #root: string;
  readonly #uid = process.geteuid?.() ?? 0;
  readonly #gid = process.getegid?.() ?? 0;
  readonly #umask = process.umask();
  /** A file of another's that stays ours. */
  #foreign: string | undefined;

  /** The folder must be there, and empty. */
  constructor(root: string) {
    this.#root = root;
  }

  directory(path: string): void {
    this.#doing("make folder", path, (full) => mkdirSync(full, 0o700));
  }

  file(path: string, attributes: FileAttributes, body: FileBody): Promise<void> | void {
    const file = this.#doing("write", path, (full) => openSync(full, "wx", attributes.mode & 0o777));
    if (!(body instanceof Uint8Array)) return this.#writeChunks(file, path, attributes, body);
    try {
      this.#doing("write", path, () => {
        writeAll(file, body);
        this.#attribute(file, path, attributes);
      });
    } finally {
      closeSync(file);
    }
  }

  symlink(path: string, target: string, attributes: FileAttributes): void {
    this.#doing("make link", path, (full) => {
      symlinkSync(pathBytes(target), full);
      if (this.#mustGive(path, attributes)) lchownSync(full, attributes.uid, attributes.gid);
      lutimesSync(full, timeOf(attributes.mtime), timeOf(attributes.mtime));
    });
  }

  hardlink(path: string, target: string): void {
    this.#doing("make link", path, (full) => linkSync(pathBytes(this.#full(target)), full));
  }

  copyFrom(other: RootFsWriter, path: string): void {
    if (!(other instanceof NodeRootFs)) throw new TypeError("not a folder of this host");
    this.#doing("copy", path, (full) => {
      const from = pathBytes(other.#full(path));
      copyFileSync(from, full, constants.COPYFILE_EXCL);
      const { mode, uid, gid, mtimeMs } = lstatSync(from);
      chownSync(full, uid, gid);
      chmodSync(full, mode & 0o7777);
      utimesSync(full, mtimeMs / 1000, mtimeMs / 1000);
    });
  }

  remove(path: string): void {
    this.#doing("remove", path, (full) => rmSync(full, { recursive: true, force: true }));
  }

  async finish({ specials, xattrs, directories }: RootFsRest): Promise<readonly string[]> {
    const made = await makeSpecials(this.#root, specials);
    for (const special of made.specials) this.#attributeByPath(special.paths[0] as string, special);
    const warnings = [...made.warnings, ...(await setXattrs(this.#root, xattrs))];
    // Deepest first: what is made unreadable cannot be entered any more.
    for (const directory of [...directories].reverse()) this.#attributeByPath(directory.path, directory);
    if (this.#foreign !== undefined) {
      warnings.push(
        `Unpacked files belong to user ${this.#uid}, not to their owners in the image (${this.#foreign} and others): only root can give files away`,
      );
    }
    return warnings;
  }

  async #writeChunks(
    file: number,
    path: string,
    attributes: FileAttributes,
    body: AsyncIterable<Uint8Array>,
  ) {
    try {
      for await (const chunk of body) this.#doing("write", path, () => writeAll(file, chunk));
      this.#doing("write", path, () => this.#attribute(file, path, attributes));
    } finally {
      closeSync(file);
    }
  }

  #attribute(file: number, path: string, attributes: FileAttributes): void {
    const { mode, uid, gid, mtime } = attributes;
    const given = this.#mustGive(path, attributes);
    if (given) fchownSync(file, uid, gid);
    if (given || mode & (SPECIAL_BITS | this.#umask)) fchmodSync(file, mode);
    futimesSync(file, timeOf(mtime), timeOf(mtime));
  }

  #attributeByPath(path: string, attributes: FileAttributes): void {
    this.#doing("write", path, (full) => {
      const { mode, uid, gid, mtime } = attributes;
      if (this.#mustGive(path, attributes)) chownSync(full, uid, gid);
      chmodSync(full, mode);
      utimesSync(full, timeOf(mtime), timeOf(mtime));
    });
  }

  /** Whether the owner is another than the one who makes the file; only root can make it theirs. */
  #mustGive(path: string, { uid, gid }: FileAttributes): boolean {
    if (uid === this.#uid && gid === this.#gid) return false;
    if (this.#uid === 0) return true;
    this.#foreign ??= `/${path}`;
    return false;
  }

  #full(path: string): string {
    return path === "" ? this.#root : `${this.#root}/${path}`;
  }

  #doing<T>(verb: string, path: string, work: (full: string | Buffer) => T): T {
    const full = this.#full(path);
    try {
      return work(pathBytes(full));
    } catch (error) {
      throw fileError(error, verb, full);
    }
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}

/**
 * As Node's calls take it: a number below 0 they read as now or as 1970, a Date
 * as what it says. A tar can name a time that no system call takes. Both are
 * doubles: of nanoseconds they keep some six digits, .123456789 becomes .123456716.
 */
function timeOf(mtime: number): number | Date {
  const seconds = Math.min(mtime, Number.MAX_SAFE_INTEGER);
  return seconds < 0 ? new Date(Math.max(seconds * 1000, EARLIEST)) : seconds;
}
