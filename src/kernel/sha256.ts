/**
 * Any number of SHA-256 hashers over one engine. A hash in progress is 104
 * bytes, so a hasher that is not being fed is only its saved state: thousands
 * cost no WebAssembly instances, and an abandoned one leaks nothing.
 */
import { misuse } from "./failure.ts";
import type { Hasher, ResumableHasher } from "./kernels.ts";

/**
 * A saved state, the same for every engine: the eight hash words (FIPS 180-4
 * §6.2), the count of bytes so far (u64), then the unfinished block, zero
 * filled; all little-endian.
 */
export const SHA256_STATE_SIZE = 32 + 8 + 64;

/** One SHA-256 computation, whose state can be exchanged at any byte. */
export interface Sha256Engine {
  /** Begins anew. */
  init(): void;
  load(state: Uint8Array): void;
  /** A copy of the state. */
  save(): Uint8Array;
  update(chunk: Uint8Array): void;
  /** A copy of the hash; the engine then needs `init` or `load`. */
  digest(): Uint8Array;
}

/** Makes hashers that take turns on `engine`; safe because every call runs to its end. */
export function sharedSha256(engine: Sha256Engine): (state?: Uint8Array) => ResumableHasher {
  let active: SharedHasher | undefined;

  class SharedHasher implements ResumableHasher {
    #state: Uint8Array | undefined;
    #finished = false;

    constructor(state: Uint8Array | undefined) {
      this.#state = state;
    }

    update(chunk: Uint8Array): void {
      this.#activate();
      engine.update(chunk);
    }

    save(): Uint8Array {
      this.#activate();
      return engine.save();
    }

    digest(): Uint8Array {
      this.#activate();
      this.release();
      return engine.digest();
    }

    release(): void {
      this.#finished = true;
      if (active === this) active = undefined;
    }

    #activate(): void {
      if (this.#finished) throw misuse("a hasher after its digest or release");
      if (active === this) return;
      active?.suspend();
      if (this.#state) engine.load(this.#state);
      else engine.init();
      active = this;
    }

    suspend(): void {
      this.#state = engine.save();
    }
  }

  return (state) => {
    if (state && state.length !== SHA256_STATE_SIZE) {
      throw misuse(`a SHA-256 state of ${state.length} bytes: it has ${SHA256_STATE_SIZE}`);
    }
    return new SharedHasher(state?.slice());
  };
}

/** The hash of each message, for an engine that has no better way than one after the other. */
export function oneByOne(makeHasher: () => Hasher): (messages: readonly Uint8Array[]) => Uint8Array[] {
  return (messages) =>
    messages.map((message) => {
      const hasher = makeHasher();
      hasher.update(message);
      return hasher.digest();
    });
}
