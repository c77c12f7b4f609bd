import type { PaxRecords } from "./pax.ts";

/** Headers and bodies are counted in blocks of this many bytes. */
export const BLOCK_SIZE = 512;

/** What an archive member is; `other` is a kind that POSIX does not know. */
export type TarType =
  | "file"
  | "directory"
  | "symlink"
  | "hardlink"
  | "character"
  | "block"
  | "fifo"
  | "other";

/** What an archive says about one member, with PAX records and GNU extensions applied. */
export interface TarHeader {
  /** As written: it may be absolute, hold `..`, or end in `/`. See safety.ts. */
  readonly name: string;
  readonly type: TarType;
  /** Bytes of body; 0 for all that has none. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  /** Seconds since the epoch, perhaps with a fraction. */
  readonly mtime: number;
  /** Target of a symlink or hard link, as written; else empty. */
  readonly linkname: string;
  readonly devmajor: number;
  readonly devminor: number;
  /** All PAX records in force, in order: those applied above, extended attributes, and the rest. */
  readonly pax: PaxRecords;
}

const TYPE_OF_FLAG: Readonly<Record<string, TarType>> = {
  "\0": "file",
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
  // "Contiguous file": no system has these, and all read it as a regular file.
  "7": "file",
};

/** The flag byte that stands for a type when written; undefined for `other`. */
export const FLAG_OF_TYPE: Readonly<Partial<Record<TarType, string>>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

/** The type a flag stands for. Directories of v7 archives are files whose name ends in `/`. */
export function typeOfFlag(flag: string, name: string): TarType {
  if (flag === "\0" && name.endsWith("/")) return "directory";
  return TYPE_OF_FLAG[flag] ?? "other";
}

/** Zero bytes that follow a body up to the next block. */
export function paddingOf(size: number): number {
  return (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
}
