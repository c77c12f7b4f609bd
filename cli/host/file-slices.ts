import { type FileHandle, open } from "node:fs/promises";
import { lend } from "../../src/bytes/loan.ts";
import type { Slices } from "../../src/bytes/slices.ts";
import { type ByteStream, streamFrom } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";
import { fileError, filing } from "./file-error.ts";

/**
 * In a whole pipeline as fast as larger reads. Chunks are garbage that waits for
 * a collection, which small objects bring about, not buffers: normalising a
 * layer of 2 GB peaked at 148 MB with 256 KiB, and at 130 MB with this.
 */
const READ_SIZE = 64 * 1024;

/** A file read at any offset. One handle serves all its streams and is closed with the last of them. */
export function fileSlices(path: string, size: number): Slices {
  const handle = new SharedHandle(path);
  return {
    size,
    slice: (start = 0, end = size) => streamFrom(range(handle, path, start, Math.min(end, size))),
  };
}

/** A file from where it stands to its end, by reads in sequence: for pipes and devices as well. */
export function fileStream(path: string, flags: string | number = "r"): ByteStream {
  return streamFrom(sequence(path, flags));
}

async function* range(shared: SharedHandle, path: string, start: number, end: number) {
  if (start >= end) return;
  const handle = await shared.acquire();
  const spare: Buffer<ArrayBuffer>[] = [];
  try {
    for (let position = start; position < end; ) {
      const chunk = spare.pop() ?? Buffer.allocUnsafeSlow(Math.min(READ_SIZE, end - position));
      const length = Math.min(chunk.length, end - position);
      const { bytesRead } = await filing("read", path, () => handle.read(chunk, 0, length, position));
      if (bytesRead === 0) {
        throw new SealiftError(
          "IO",
          `Cannot read ${path}: it was cut short while in use, at byte ${position}`,
        );
      }
      position += bytesRead;
      yield lend(plain(chunk, bytesRead), () => spare.push(chunk));
    }
  } finally {
    await shared.release();
  }
}

async function* sequence(path: string, flags: string | number) {
  const handle = await filing("read", path, () => open(path, flags));
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafeSlow(READ_SIZE);
      const { bytesRead } = await filing("read", path, () => handle.read(chunk, 0, chunk.length, null));
      if (bytesRead === 0) return;
      yield plain(chunk, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** Opened by the first reader, closed after the last. */
class SharedHandle {
  readonly #path: string;
  #opening: Promise<FileHandle> | undefined;
  #readers = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async acquire(): Promise<FileHandle> {
    this.#readers++;
    this.#opening ??= open(this.#path, "r");
    try {
      return await this.#opening;
    } catch (cause) {
      await this.release();
      throw fileError(cause, "open", this.#path);
    }
  }

  async release(): Promise<void> {
    if (--this.#readers > 0) return;
    const opening = this.#opening;
    this.#opening = undefined;
    const handle = await opening?.catch(() => undefined);
    await handle?.close();
  }
}

/** The core sees Uint8Arrays: a Buffer's `slice` would share memory where theirs copies. */
function plain(chunk: Buffer, length: number): Uint8Array {
  return new Uint8Array(chunk.buffer, chunk.byteOffset, length);
}
