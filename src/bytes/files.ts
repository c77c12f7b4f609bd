import type { Content } from "./content.ts";
import type { RootFsWriter } from "./root-fs.ts";
import type { Slices } from "./slices.ts";
import { type ByteStream, streamOf } from "./stream.ts";

/** A set of named files to read: an archive's members or a folder's. Names use `/` and are relative. */
export interface Files {
  /** Every file's name; folders are not listed. */
  names(): readonly string[];
  /** The file's bytes, or undefined if there is none of that name. */
  get(name: string): Slices | undefined;
}

/**
 * A set of named files being written: an archive or a folder. Nothing is
 * visible under the final name before `commit`; `abort` leaves no trace.
 */
export interface FilesWriter {
  /** Files may be written at the same time; absent where they lie one behind the other. */
  readonly sideBySide?: true;
  /** Writes a file. Verification of the content is its own: `open()` fails if it does not hold. */
  write(name: string, content: Pick<Content, "size" | "open">, mode?: FileMode): Promise<void>;
  /**
   * Writes a file whose size only its end tells, and gives the size in bytes;
   * undefined, with nothing written, where that has to be known before. Absent where it always has.
   */
  stream?(name: string, body: ByteStream): Promise<number | undefined>;
  /** Makes a symbolic link; absent where there are none. The caller has checked that it stays inside. */
  symlink?(name: string, target: string): Promise<void>;
  /** Makes a folder that may stay empty; absent where folders exist by their files alone. */
  folder?(name: string): Promise<void>;
  /** A root file system in a folder, which takes the place of one of that name at `commit`; absent where there are none. */
  rootFs?(name: string): Promise<RootFsWriter>;
  commit(check?: CheckBefore): Promise<void>;
  /**
   * Commits, with one more file that is made of what it is at that moment;
   * nobody else commits so meanwhile. Absent where nothing was there before.
   */
  commitWith?(name: string, make: MakeFile, check?: CheckBefore): Promise<void>;
  abort(): Promise<void>;
}

/** A file's bytes, from those that stand in its place, if any do. */
export type MakeFile = (present: Uint8Array | undefined) => Promise<Uint8Array>;

/**
 * Looks at what was written, all of it to be read at `place`, before it has its name; what
 * this refuses never gets it. Not called where things are seen as they come: a pipe,
 * a folder that was there.
 */
export type CheckBefore = (place: string) => Promise<void>;

/** Commits with one more file, which holds what is listed by others too where there can be others. */
export async function commitWith(
  writer: FilesWriter,
  name: string,
  make: MakeFile,
  check?: CheckBefore,
): Promise<void> {
  if (writer.commitWith) return writer.commitWith(name, make, check);
  const bytes = await make(undefined);
  await writer.write(name, { size: bytes.length, open: async () => streamOf(bytes) });
  await writer.commit(check);
}

/** The two modes that survive every host: 0755 if any execute bit was set, else 0644. */
export type FileMode = 0o644 | 0o755;

/** One file being written; visible under its name only after `commit`. */
export interface FileWriter {
  /** Takes the chunk, which is nobody else's any more: on loan, it is given back and filled anew. */
  write(chunk: Uint8Array): Promise<void>;
  /** For changing what was written; absent where the file cannot seek. */
  readonly seekable?: SeekableWriter;
  commit(check?: CheckBefore): Promise<void>;
  abort(): Promise<void>;
}

export interface SeekableWriter {
  /** Bytes written so far. */
  readonly position: number;
  overwrite(offset: number, chunk: Uint8Array): Promise<void>;
  /** Takes back what was written from `offset` on. */
  rewind(offset: number): Promise<void>;
}

/** What kind of thing stands at a path. Links are followed except in {@link TreeEntry}. */
export interface TreeEntry {
  /** Relative to the tree's root, `/` between parts. */
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly size: number;
  /** Any execute bit set. */
  readonly executable: boolean;
  /** A symlink's target, as written. */
  readonly target?: string;
  open(): ByteStream;
}

/** The host's files, by path. A host without any leaves it out. */
export interface FileSystem {
  /** Opens a file for reading at any offset. Throws NOT_FOUND, IO. */
  open(path: string): Promise<Slices>;
  /** The file as one stream, without needing to seek: works for pipes and `-` (standard input). */
  stream(path: string): Promise<ByteStream>;
  /** The folder's files; of its folders those that `enters` admits by their path. Throws NOT_FOUND. */
  folder(path: string, enters?: (folder: string) => boolean): Promise<Files>;
  /** Everything below a folder in byte order of path, not following links; a file gives itself with path "". */
  tree(path: string): Promise<readonly TreeEntry[]>;
  kind(path: string): Promise<"file" | "folder" | "none">;
  /** A new file, put in place by `commit`, replacing what was there. */
  createFile(path: string): Promise<FileWriter>;
  /** Adds bytes to a file's end, all at once; a file that is not there is made. Absent where files cannot grow. */
  append?(path: string, bytes: Uint8Array): Promise<void>;
  /** Files in a folder, made if missing; each is put in place at `commit`. */
  createFolder(path: string): Promise<FilesWriter>;
}

/** Copies a stream into a writer; commits at its end, aborts if it fails. */
export async function writeWhole(writer: FileWriter, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of chunks) await writer.write(chunk);
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
