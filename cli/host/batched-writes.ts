import type { FileHandle } from "node:fs/promises";
import { FreeList } from "../../src/bytes/free-list.ts";
import { giveBack } from "../../src/bytes/loan.ts";

/** A system call costs more than copying a small chunk; beyond this size it does not. */
const BATCH_SIZE = 1 << 20;

/** Bytes whose copying costs more than a system call. */
const WORTH_A_CALL = 128 * 1024;

/** Batches of files that are written, for the next ones: of many small files each would fill little of a new one. */
const spare = new FreeList<Buffer>(4);

/** Bytes after which the disk begins on what shall be on it in the end: at the end alone, everything else had to wait for it. */
const SYNC_EVERY = 8 << 20;

/**
 * Appends to a file handle, small chunks gathered into one write. While one
 * batch is written the next is filled: these two are all that is held.
 */
export class BatchedWrites {
  readonly #handle: FileHandle;
  readonly #seekable: boolean;
  /** Kept and used by turns: new ones for each megabyte would be garbage faster than it is collected. */
  #batches: readonly (Buffer | undefined)[] = [];
  #filled = 0;
  #position = 0;
  #written = 0;
  /** The write under way. */
  #writing: Promise<void> = Promise.resolve();
  readonly #durable: boolean;
  #unsynced = 0;
  /** What the disk is told meanwhile: of a failure it tells only once. */
  #syncing: Promise<void> = Promise.resolve();

  /**
   * Pipes and devices are not `seekable`: they take bytes only where they stand.
   * What is `durable` ends with `sync`.
   */
  constructor(handle: FileHandle, { seekable = true, durable = false } = {}) {
    this.#handle = handle;
    this.#seekable = seekable;
    this.#durable = durable;
  }

  /** Bytes written so far, with those that are still on their way. */
  get size(): number {
    return this.#position + this.#filled;
  }

  /** Bytes in the file by now, where none are written over. */
  get written(): number {
    return this.#written;
  }

  /** As `write`, of a chunk that nobody else has any more: a large one is written from where it is. */
  async give(chunk: Uint8Array): Promise<void> {
    if (chunk.length < WORTH_A_CALL) {
      await this.write(chunk);
      giveBack(chunk);
    } else {
      await this.flush();
      this.#begin(this.#append(chunk).then(() => giveBack(chunk)));
    }
  }

  /** Resolves when the chunk may be reused. That it could not be written, a later call may be the first to tell. */
  async write(chunk: Uint8Array): Promise<void> {
    const large = chunk.length >= BATCH_SIZE / 2;
    if (large) {
      await this.flush();
      return this.#append(chunk);
    }
    if (this.#filled + chunk.length > BATCH_SIZE) await this.#turnOver();
    const [batch = spare.take() ?? Buffer.allocUnsafeSlow(BATCH_SIZE), other] = this.#batches;
    batch.set(chunk, this.#filled);
    this.#batches = [batch, other];
    this.#filled += chunk.length;
  }

  /** Writes what waits. */
  async flush(): Promise<void> {
    await this.#turnOver();
    await this.#writing;
  }

  /** Begins to write the batch that is full, once the other one is written. */
  async #turnOver(): Promise<void> {
    await this.#writing;
    const [full, other] = this.#batches;
    if (!full || this.#filled === 0) return;
    this.#batches = [other, full];
    this.#begin(this.#append(full.subarray(0, this.#filled)));
    this.#filled = 0;
  }

  #begin(writing: Promise<void>): void {
    this.#writing = writing;
    // Told to the next call.
    writing.catch(() => {});
  }

  /** Writes over bytes that were written before. */
  async overwrite(offset: number, bytes: Uint8Array): Promise<void> {
    await this.flush();
    await this.#put(bytes, offset);
  }

  /** What was written from `offset` on counts no more; bytes may stay behind the end, see `size`. */
  async rewind(offset: number): Promise<void> {
    await this.flush();
    this.#position = offset;
  }

  /** Writes what waits and gives back the batches' memory. */
  async finish(): Promise<void> {
    await this.flush();
    for (const batch of this.#batches) if (batch) spare.keep(batch);
    this.#batches = [];
  }

  /** Waits until everything is on the disk; it has to be written. */
  async sync(): Promise<void> {
    await this.#syncing;
    await this.#handle.sync();
  }

  #append(bytes: Uint8Array): Promise<void> {
    const at = this.#seekable ? this.#position : null;
    this.#position += bytes.length;
    return this.#put(bytes, at).then(() => {
      this.#written += bytes.length;
      this.#syncSoon(bytes.length);
    });
  }

  #syncSoon(written: number): void {
    this.#unsynced += written;
    if (!this.#durable || this.#unsynced < SYNC_EVERY) return;
    this.#unsynced = 0;
    this.#syncing = this.#syncing.then(() => this.#handle.datasync());
    this.#syncing.catch(() => {});
  }

  async #put(bytes: Uint8Array, position: number | null): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const at = position === null ? null : position + done;
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, at);
      done += bytesWritten;
    }
  }
}
