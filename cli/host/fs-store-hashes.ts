import type { Hasher } from "../../src/kernel/kernels.ts";

/** Uploads of more clients than this at a time are hashed again at their end. */
const CAPACITY = 256;

interface RunningHash {
  readonly hasher: Hasher;
  /** Bytes hashed so far. */
  readonly offset: number;
}

/**
 * SHA-256 of uploads between their requests. Only a shortcut: an upload whose
 * hash is not here (after a restart, or when another process took part) is
 * hashed from its file.
 */
export class RunningHashes {
  readonly #hashes = new Map<string, RunningHash>();

  /** The upload's hash if it covers exactly `offset` bytes; it is the caller's from then on. */
  take(id: string, offset: number): Hasher | undefined {
    const running = this.#hashes.get(id);
    this.#hashes.delete(id);
    if (running?.offset === offset) return running.hasher;
    running?.hasher.release();
    return undefined;
  }

  /** Keeps a hash for the next request. */
  keep(id: string, offset: number, hasher: Hasher): void {
    this.drop(id);
    for (const oldest of this.#hashes.keys()) {
      if (this.#hashes.size < CAPACITY) break;
      this.drop(oldest);
    }
    this.#hashes.set(id, { hasher, offset });
  }

  drop(id: string): void {
    this.#hashes.get(id)?.hasher.release();
    this.#hashes.delete(id);
  }
}
