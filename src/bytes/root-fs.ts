/** A root file system being unpacked: what an image's layers become on a disk. */

/** What a file system keeps of a file beside its content. */
export interface FileAttributes {
  /** Permission bits, set-id and sticky bits included. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch, perhaps with a fraction. */
  readonly mtime: number;
}

/** A small file's content, or a larger one's piece by piece. */
export type FileBody = Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Makes the files of one root file system. Paths are relative and resolved: no
 * part of them but the last is ever a symlink, and "" is the root itself. The
 * caller knows what stands where, so nothing is looked up on the disk.
 */
export interface RootFsWriter {
  /** Makes a folder, which nobody else can enter before `finish` gives it its attributes. */
  directory(path: string): void;
  /** Makes a regular file; resolves when its body is written. */
  file(path: string, attributes: FileAttributes, body: FileBody): Promise<void> | void;
  symlink(path: string, target: string, attributes: FileAttributes): void;
  /** Another name for what stands at `target`. */
  hardlink(path: string, target: string): void;
  /** The file that another root file system of the same host has at the path, with its attributes. */
  copyFrom(other: RootFsWriter, path: string): void;
  /** Takes away what stands at the path, with all below it; nothing may stand there. */
  remove(path: string): void;
  /**
   * Makes what has to come last; gives warnings of what this host could not
   * keep. Nothing may be made after it.
   */
  finish(rest: RootFsRest): Promise<readonly string[]>;
}

/** What has to come last: things that are made in one go, and folders, whose times every new file would change. */
export interface RootFsRest {
  readonly specials: readonly SpecialFile[];
  readonly xattrs: readonly { readonly path: string; readonly xattrs: ReadonlyMap<string, Uint8Array> }[];
  /** Parents before what is in them. */
  readonly directories: readonly (FileAttributes & { readonly path: string })[];
}

/** A device or pipe. */
export interface SpecialFile extends FileAttributes {
  readonly kind: "character" | "block" | "fifo";
  readonly major: number;
  readonly minor: number;
  /** All its names. */
  readonly paths: readonly string[];
}
