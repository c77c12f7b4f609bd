/**
 * The index of bytes that lie as they are, a plain tar: the SHA-256 of every
 * piece, made while the whole was verified. Through it any part is read, and
 * checked, without the rest. Integers little-endian:
 *
 *   magic    8   "SLPIECE", then the version, 1
 *   size     8   of what it is of, in bytes
 *   pieces  32   each: SHA-256 of every 128 KiB, and of the rest
 *   digest  32   SHA-256 of all before
 */
import { SealiftError } from "../error.ts";
import type { Hasher, Kernels } from "../kernel/kernels.ts";
import type { Slices } from "./slices.ts";
import { type ByteStream, chunksOf, collect, concat, sameBytes, streamFrom } from "./stream.ts";

/** Bytes that one digest vouches for: what a reader withholds until it holds. */
export const PIECE_SIZE: number = 128 << 10;

const MAGIC = Uint8Array.from([..."SLPIECE"].map((c) => c.charCodeAt(0)).concat(1));
const HEAD_SIZE = MAGIC.length + 8;
const HASH_SIZE = 32;
/** An index of this many bytes is of 256 GB. */
const MAX_INDEX = 64 << 20;

/** Takes an index' bytes in their order; a spool's slot is one. */
export interface IndexSink {
  write(chunk: Uint8Array): Promise<void>;
}

/** The stream, its index written when it ends: worth as much as the check that the caller makes of the stream. */
export function indexingPieces(stream: ByteStream, sink: IndexSink, kernels: Kernels): ByteStream {
  return streamFrom(indexedChunks(stream, sink, kernels), (reason) => stream.cancel(reason));
}

async function* indexedChunks(stream: ByteStream, sink: IndexSink, kernels: Kernels) {
  const pieces = new Pieces(kernels);
  try {
    for await (const chunk of chunksOf(stream)) {
      pieces.add(chunk);
      yield chunk;
    }
    const index = pieces.end();
    await sink.write(index);
    await sink.write(sha256(index, kernels));
  } finally {
    pieces.release();
  }
}

class Pieces {
  readonly #kernels: Kernels;
  readonly #digests: Uint8Array[] = [];
  #hasher: Hasher | undefined;
  #filled = 0;
  #size = 0;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + PIECE_SIZE - this.#filled);
      this.#hasher ??= this.#kernels.hasher("sha256");
      this.#hasher.update(part);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === PIECE_SIZE) this.#endPiece();
    }
    this.#size += chunk.length;
  }

  end(): Uint8Array {
    this.#endPiece();
    const head = new Uint8Array(HEAD_SIZE);
    head.set(MAGIC);
    new DataView(head.buffer).setBigUint64(MAGIC.length, BigInt(this.#size), true);
    return concat([head, ...this.#digests]);
  }

  release(): void {
    this.#hasher?.release();
  }

  #endPiece(): void {
    if (!this.#hasher) return;
    this.#digests.push(this.#hasher.digest());
    this.#hasher = undefined;
    this.#filled = 0;
  }
}

/**
 * The bytes through their index; a piece is handed out only when its digest
 * holds. Throws SIZE_MISMATCH, and LAYOUT_INVALID on a damaged index; a read
 * fails with DIGEST_MISMATCH.
 */
export async function openPieces(index: Slices, bytes: Slices, kernels: Kernels): Promise<Slices> {
  const { size, digests } = await readIndex(index, kernels);
  if (size !== bytes.size) {
    throw new SealiftError(
      "SIZE_MISMATCH",
      `Cannot read by index: there are ${bytes.size} bytes, the index is of ${size}`,
    );
  }
  return {
    size,
    slice: (start = 0, end = size) =>
      streamFrom(checkedPart(bytes, digests, kernels, Math.max(0, start), Math.min(end, size))),
  };
}

async function readIndex(index: Slices, kernels: Kernels) {
  const whole = await collect(index.slice(), MAX_INDEX, "index");
  const end = whole.length - HASH_SIZE;
  const isWhole = end >= HEAD_SIZE && sameBytes(sha256(whole.subarray(0, end), kernels), whole.subarray(end));
  if (!isWhole || !sameBytes(whole.subarray(0, MAGIC.length), MAGIC)) throw damaged();
  const size = Number(new DataView(whole.buffer, whole.byteOffset).getBigUint64(MAGIC.length, true));
  const digests = whole.subarray(HEAD_SIZE, end);
  if (digests.length !== Math.ceil(size / PIECE_SIZE) * HASH_SIZE) throw damaged();
  return { size, digests };
}

function damaged(): SealiftError {
  return new SealiftError("LAYOUT_INVALID", "Cannot read index: it is damaged");
}

async function* checkedPart(
  bytes: Slices,
  digests: Uint8Array,
  kernels: Kernels,
  start: number,
  end: number,
) {
  if (start >= end) return;
  const first = Math.floor(start / PIECE_SIZE);
  const from = first * PIECE_SIZE;
  const to = Math.min(Math.ceil(end / PIECE_SIZE) * PIECE_SIZE, bytes.size);
  let at = from;
  for await (const piece of piecesOf(bytes.slice(from, to))) {
    const which = at / PIECE_SIZE;
    const digest = digests.subarray(which * HASH_SIZE, (which + 1) * HASH_SIZE);
    if (!sameBytes(sha256(piece, kernels), digest)) {
      throw new SealiftError(
        "DIGEST_MISMATCH",
        `Cannot read by index: from ${at} on there is something else`,
      );
    }
    yield piece.subarray(Math.max(0, start - at), end - at);
    at += piece.length;
  }
}

async function* piecesOf(stream: ByteStream) {
  let parts: Uint8Array[] = [];
  let filled = 0;
  for await (const chunk of chunksOf(stream)) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + PIECE_SIZE - filled);
      parts.push(part);
      filled += part.length;
      at += part.length;
      if (filled < PIECE_SIZE) continue;
      yield concat(parts, filled);
      parts = [];
      filled = 0;
    }
  }
  if (filled > 0) yield concat(parts, filled);
}

function sha256(bytes: Uint8Array, kernels: Kernels): Uint8Array {
  const hasher = kernels.hasher("sha256");
  hasher.update(bytes);
  return hasher.digest();
}
