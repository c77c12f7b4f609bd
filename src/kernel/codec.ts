import { misuse } from "./failure.ts";
import type { Codec, Emit } from "./kernels.ts";

/** What a codec does, once it has what it works with. */
export interface CodecWork {
  write(chunk: Uint8Array, emit: Emit): void;
  end(emit: Emit): void;
}

/**
 * A codec's life, the same on every engine: `begin` at its first use, so that an
 * unused codec costs nothing; `finish` once, when it ends, fails or is released.
 * After a failure its place in the data is lost, so it refuses to go on.
 */
export function codecOf(begin: () => CodecWork, finish: () => void = () => {}): Codec {
  let work: CodecWork | undefined;
  let over = false;
  let running = false;

  const release = () => {
    over = true;
    // From inside emit the work is still going on; `run` finishes it afterwards.
    if (running || !work) return;
    work = undefined;
    finish();
  };

  const run = (task: (work: CodecWork) => void) => {
    if (over) throw misuse("a codec after its end");
    if (running) throw misuse("a codec from inside its own emit");
    work ??= begin();
    running = true;
    try {
      task(work);
    } catch (error) {
      over = true;
      throw error;
    } finally {
      running = false;
      if (over) release();
    }
  };

  return {
    write: (chunk, emit) => run((work) => work.write(chunk, emit)),
    end(emit) {
      run((work) => {
        work.end(emit);
        over = true;
      });
    },
    release,
  };
}
