/**
 * The kernels' port: the byte-level work whose results must be the same on
 * every host. Implemented by the WebAssembly driver (wasm.ts) and, as the
 * oracle of the tests, over pako and hash-wasm (fallback.ts).
 */
import type { HashAlgorithm } from "../oci/digest.ts";

/** Part of the format: a change of compressed bytes raises it, and gives layers other digests (test/golden). */
export const KERNEL_VERSION = 1;

/** Compressed independently, with the 32 KiB before it as dictionary; part of the format. */
export const GZIP_CHUNK_SIZE = 1 << 20;

/** What a chunk may refer to of the bytes before it: DEFLATE's window. */
export const GZIP_DICTIONARY_SIZE = 32 * 1024;

/** How hard to try: 1 fast, 9 small. Part of the format: each level has bytes of its own. */
export type GzipLevel = 1 | 6 | 9;

/** The level where none is chosen. */
export const GZIP_LEVEL: GzipLevel = 6;

/** Receives output. The view is valid only during the call: copy what must live longer. */
export type Emit = (view: Uint8Array) => void;

/** A hash in progress. After `digest` (or `release`) it must not be used again. */
export interface Hasher {
  update(chunk: Uint8Array): void;
  /** The raw hash: 32 bytes for sha256, 64 for sha512. */
  digest(): Uint8Array;
  /** Gives back what an unfinished hash holds. Harmless after `digest`. */
  release(): void;
}

/** A hash whose state can be stored and taken up again elsewhere. */
export interface ResumableHasher extends Hasher {
  /** The state so far; pass it to `resumableSha256` to go on from here. */
  save(): Uint8Array;
}

/** A byte transformation in progress. Input and output chunk sizes are unrelated. */
export interface Codec {
  write(chunk: Uint8Array, emit: Emit): void;
  /** Ends the input. Throws if the input was not complete. */
  end(emit: Emit): void;
  /** Gives back what the codec holds; harmless after `end`. */
  release(): void;
}

/**
 * A byte transformation whose output is produced as it is asked for. Each view is
 * valid until the next is asked for.
 */
export interface PulledCodec {
  /** All of it must be taken before anything else is called; leaving it early ends the codec. */
  write(chunk: Uint8Array): Iterable<Uint8Array>;
  /** Ends the input. Throws if the input was not complete. */
  end(): Iterable<Uint8Array>;
  /** Gives back what the codec holds; harmless after `end`. */
  release(): void;
}

export interface InflateOptions {
  /** Upper bound on produced bytes; beyond it the codec throws LIMIT_EXCEEDED. */
  readonly maxOutput?: number;
  /** Upper bound on produced ÷ consumed bytes; beyond it the codec throws LIMIT_EXCEEDED. DEFLATE's own is 1032. */
  readonly maxRatio?: number;
  /** Up to so many produced bytes, 16 MiB if absent, the ratio is not judged: little data may compress well. */
  readonly ratioFloor?: number;
}

/** A place in a gzip stream where reading can be taken up: the beginning of a DEFLATE block. */
export interface AccessPoint {
  /** Where it is in the compressed stream, in bits. */
  readonly position: number;
  /** Bytes of output before it, of all members. */
  readonly offset: number;
  /** What it may copy from: the last of its member's output, 32 KiB at most. */
  readonly window: Uint8Array;
  /** The CRC-32 of its member's output so far. */
  readonly crc: number;
  /** Bytes of its member's output so far, modulo 2^32. */
  readonly length: number;
}

/** How access points are found while gzip is read. */
export interface AccessPoints {
  /** Bytes of output from one to the next, at least; a block's length comes on top. */
  readonly spacing: number;
  /** Called when all output before the point has been emitted. Its window is valid only during the call. */
  report(point: AccessPoint): void;
}

export interface GzipOptions {
  /** `GZIP_LEVEL` if absent. */
  readonly level?: GzipLevel;
}

/** zstd's level in libzstd's counting; part of the format. */
export const ZSTD_LEVEL = 3;

/** Content of one zstd frame: compressed independently, so frames can be made at once; part of the format. */
export const ZSTD_FRAME_SIZE = 4 << 20;

/** The largest window that is read unless a host says otherwise, as the field's decoders do: bytes. */
export const ZSTD_MAX_WINDOW = 128 << 20;

/** zstd (RFC 8878). Its code is loaded at the first use: few layers need it. */
export interface ZstdKernel {
  /**
   * Reads frames, one after another, skippable ones among them; checks each
   * checksum. The codec throws ZSTD_INVALID, ZSTD_TRUNCATED, and LIMIT_EXCEEDED
   * where a frame's window is larger than the host gives memory for. Whatever the
   * input, what it gives before it is asked again is a block's 128 KiB at most.
   * Fails with UNSUPPORTED where the host brought no decoder.
   */
  decoder(options?: InflateOptions): Promise<PulledCodec>;
  /** Fails with UNSUPPORTED where the host brought no encoder. */
  encoder(): Promise<ZstdEncoder>;
}

export interface ZstdEncoder {
  /**
   * At most `ZSTD_FRAME_SIZE` bytes as one frame that states its content's size
   * and checksum; a function of the content alone.
   */
  frame(content: Uint8Array): Uint8Array<ArrayBuffer>;
  /** What other threads make an encoder of, for the same frames. */
  readonly module: WebAssembly.Module;
}

/** What a layer's rewrite in one pass reads, changes and writes. */
export interface RewriteOptions {
  readonly input: "none" | "gzip";
  /** The tar as it is, or as `gzip` packs it at `GZIP_LEVEL`. */
  readonly output: "none" | "gzip";
  /** Whole seconds since the epoch; every time is set to it, or only those later if `clamp`. */
  readonly seconds: number;
  readonly clamp: boolean;
  /** Shown what gzip was around, all of it and in order. */
  readonly before?: Emit;
  /** Shown the tar with its new times. */
  readonly after?: Emit;
}

/** Header dialect, told apart by the magic. */
export type TarFormat = "v7" | "ustar" | "gnu";

/** A tar header block's fields, undecoded text as views of the block. */
export interface TarFields {
  readonly name: Uint8Array;
  readonly prefix: Uint8Array;
  readonly linkname: Uint8Array;
  readonly uname: Uint8Array;
  readonly gname: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data that follow. */
  readonly size: number;
  /** Seconds since the epoch; may be negative (base-256). */
  readonly mtime: number;
  /** The type flag's byte, for example 0x30 for a regular file. */
  readonly type: number;
  readonly devmajor: number;
  readonly devminor: number;
  readonly format: TarFormat;
}

/** Tar header blocks: 512 bytes each (POSIX.1-2017 pax, "ustar Interchange Format"). */
export interface TarKernel {
  /**
   * Reads a header block. Numbers are octal or base-256.
   * Throws TAR_INVALID on a wrong checksum or a malformed number.
   */
  parse(block: Uint8Array): TarFields;
  /**
   * Writes an ustar header block. Throws TAR_INVALID where a field does not
   * fit ustar (the caller then moves it to a PAX record).
   */
  encode(fields: Omit<TarFields, "format">): Uint8Array;
  /**
   * Sets mtime, and atime and ctime of the GNU dialect, to `seconds`, or only
   * those later than it if `clamp`; rewrites the checksum. In place.
   * An all-zero GNU atime/ctime means "absent" and stays.
   */
  retime(block: Uint8Array, seconds: number, clamp: boolean): void;
}

export interface Kernels {
  /** For the layer cache's key and for `doctor`. */
  readonly engine: string;
  hasher(algorithm: HashAlgorithm): Hasher;
  /** The SHA-256 of each message, in their order; faster than one after the other where four are hashed at once. */
  sha256Many(messages: readonly Uint8Array[]): Uint8Array[];
  /** SHA-256 whose state can be saved; from a saved state if one is given. */
  resumableSha256(state?: Uint8Array): ResumableHasher;
  /** CRC-32 (RFC 1952) of the chunk, continuing from `crc`. */
  crc32(chunk: Uint8Array, crc?: number): number;
  /** The CRC-32 of two parts put together; `length` is the second's, in bytes. */
  combineCrc32(first: number, second: number, length: number): number;
  /**
   * Reads gzip, one member or many; checks each CRC and length.
   * Throws GZIP_INVALID or GZIP_TRUNCATED.
   */
  gunzip(options?: InflateOptions): Codec;
  /** As `gunzip`, and reports access points on the way. Absent where the engine cannot stop at a block. */
  gunzipWithPoints?(points: AccessPoints, options?: InflateOptions): Codec;
  /**
   * Reads gzip from an access point on; the input begins with the byte the point
   * is in. Throws as `gunzip` does. Absent where the engine cannot.
   */
  gunzipFrom?(point: AccessPoint, options?: InflateOptions): Codec;
  /** Reads raw DEFLATE (RFC 1951). Throws GZIP_INVALID or GZIP_TRUNCATED. */
  inflate(options?: InflateOptions): Codec;
  /** Writes one gzip member: mtime 0, OS 255, a fixed chunk size. */
  gzip(options?: GzipOptions): Codec;
  readonly zstd: ZstdKernel;
  readonly tar: TarKernel;
  /**
   * Decompresses a layer, sets the times of its tar as tar/normalise-timestamps.ts
   * does, and compresses it, in one pass. Absent where there is no faster way
   * than one after the other. Throws RewriteRefused where that way must be taken:
   * the input is damaged, or unusual.
   */
  readonly rewriter?: (options: RewriteOptions) => PulledCodec;
}
