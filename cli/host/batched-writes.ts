import type { FileHandle } from "node:fs/promises";

/** A system call costs more than copying a small chunk; beyond this size it does not. */
const BATCH_SIZE = 1 << 20;

/** Appends to a file handle, small chunks gathered into one write. Holds at most one batch in memory. */
export class BatchedWrites {
  readonly #handle: FileHandle;
  readonly #seekable: boolean;
  #batch: Buffer | undefined;
  #filled = 0;
  #position = 0;

  /** Pipes and devices are not `seekable`: they take bytes only where they stand. */
  constructor(handle: FileHandle, seekable = true) {
    this.#handle = handle;
    this.#seekable = seekable;
  }

  /** Bytes written so far, the batch included. */
  get size(): number {
    return this.#position + this.#filled;
  }

  /** Resolves when the chunk may be reused. */
  async write(chunk: Uint8Array): Promise<void> {
    const large = chunk.length >= BATCH_SIZE / 2;
    if (large || this.#filled + chunk.length > BATCH_SIZE) await this.flush();
    if (large) return this.#append(chunk);
    this.#batch ??= Buffer.allocUnsafeSlow(BATCH_SIZE);
    this.#batch.set(chunk, this.#filled);
    this.#filled += chunk.length;
  }

  /** Writes what waits. The batch is kept: one for each megabyte would be garbage faster than it is collected. */
  async flush(): Promise<void> {
    const batch = this.#batch?.subarray(0, this.#filled);
    this.#filled = 0;
    if (batch) await this.#append(batch);
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

  /** Writes what waits and gives back the batch's memory. */
  async finish(): Promise<void> {
    await this.flush();
    this.#batch = undefined;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#put(bytes, this.#seekable ? this.#position : null);
    this.#position += bytes.length;
  }

  async #put(bytes: Uint8Array, position: number | null): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const at = position === null ? null : position + done;
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, at);
      done += bytesWritten;
    }
  }
}
