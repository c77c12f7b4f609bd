/** Buffers that nobody uses at the moment, at most so many, for whoever needs one next. */
export class FreeList<T> {
  readonly #free: T[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  take(): T | undefined {
    return this.#free.pop();
  }

  /** Keeps one that nobody uses any more; beyond the most, it is left to be collected. */
  keep(item: T): void {
    if (this.#free.length < this.#most) this.#free.push(item);
  }
}
