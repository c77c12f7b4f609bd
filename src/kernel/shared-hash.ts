/**
 * Any number of hashers over one engine. A hash in progress is a hundred bytes or
 * two, so a hasher that is not being fed is only its saved state: thousands cost
 * no WebAssembly instances, and an abandoned one leaks nothing.
 */
import { misuse } from "./failure.ts";
import type { ResumableHasher } from "./kernels.ts";

/** One hash computation, whose state can be exchanged at any byte. */
export interface HashEngine {
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
export function sharedHash(engine: HashEngine): (state?: Uint8Array) => ResumableHasher {
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

  return (state) => new SharedHasher(state?.slice());
}
