import { misuse } from "../failure.ts";
import type { Codec, Emit } from "../kernels.ts";
import type { InstancePool, KernelInstance } from "./instance.ts";

/** What a codec does with the instance it has. */
export interface CodecWork {
  write(chunk: Uint8Array, emit: Emit): void;
  end(emit: Emit): void;
}

/**
 * A codec over an instance of the pool, which it takes at its first use and
 * gives back when it ends, fails or is released: an unused codec costs nothing.
 */
export function pooledCodec(pool: InstancePool, begin: (instance: KernelInstance) => CodecWork): Codec {
  let instance: KernelInstance | undefined;
  let work: CodecWork | undefined;
  let finished = false;
  let running = false;

  const giveBack = () => {
    finished = true;
    // Inside emit the instance is still at work; `run` gives it back afterwards.
    if (running || !instance) return;
    pool.release(instance);
    instance = work = undefined;
  };

  const run = (task: (work: CodecWork) => void) => {
    if (finished) throw misuse("a codec after its end");
    if (running) throw misuse("a codec from inside its own emit");
    instance ??= pool.acquire();
    work ??= begin(instance);
    running = true;
    try {
      task(work);
    } catch (error) {
      finished = true;
      throw error;
    } finally {
      running = false;
      if (finished) giveBack();
    }
  };

  return {
    write: (chunk, emit) => run((work) => work.write(chunk, emit)),
    end(emit) {
      run((work) => {
        work.end(emit);
        finished = true;
      });
    },
    release: giveBack,
  };
}
