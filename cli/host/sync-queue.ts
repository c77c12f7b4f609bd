/** A file that is written, and still open. */
export interface WrittenFile {
  /** Waits until it is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Of the four threads that Node has for files, one is left to those that are being written; two cost a slow disk a tenth. */
const AT_ONCE = 3;

/** Each is an open file; who has written one more waits for the disk after all. */
const MAX_WAITING = 16;

/**
 * Files on their way to the disk while others are written: a sync takes as long
 * as a small file's download does. Once one fails, or at `stop`, those that wait
 * are closed and no more.
 */
export class SyncQueue {
  /** The last of them, by turns. */
  readonly #ends = new Array<Promise<void>>(MAX_WAITING).fill(Promise.resolve());
  #count = 0;
  #isStopped = false;
  #failure: { readonly error: unknown } | undefined;

  /** Resolves when there is room for the next. Throws what one has failed with, be it another. */
  async add(file: WrittenFile): Promise<void> {
    const turn = this.#count++;
    const oldest = this.#end(turn);
    this.#ends[turn % MAX_WAITING] = this.#end(turn - AT_ONCE).then(() => this.#finish(file));
    await oldest;
    this.#throwFailure();
  }

  /** Resolves when all are on the disk. Throws what the first has failed with. */
  async done(): Promise<void> {
    await Promise.all(this.#ends);
    this.#throwFailure();
  }

  /** Resolves when all are closed, on the disk or not. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#ends);
  }

  #end(turn: number): Promise<void> {
    return this.#ends[(turn + MAX_WAITING) % MAX_WAITING] as Promise<void>;
  }

  async #finish(file: WrittenFile): Promise<void> {
    try {
      if (!this.#isStopped) await file.sync();
    } catch (error) {
      this.#fail(error);
    }
    await file.close().catch((error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#isStopped = true;
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
