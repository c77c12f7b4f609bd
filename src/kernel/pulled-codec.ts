import { misuse } from "./failure.ts";
import type { Codec, PulledCodec } from "./kernels.ts";

/** What a codec does, once it has what it works with. */
export type PulledWork = Omit<PulledCodec, "release">;

/**
 * The life of a codec that is pulled, as `codecOf` has it of one that is pushed:
 * `begin` at its first use, `finish` once, when it ends, fails, is left before its
 * output was taken, or is released.
 */
export function pulledCodecOf(begin: () => PulledWork, finish: () => void): PulledCodec {
  let work: PulledWork | undefined;
  let over = false;
  let running = false;

  const release = () => {
    over = true;
    // While it is at work its memory is not another's to have; `run` finishes it afterwards.
    if (running || !work) return;
    work = undefined;
    finish();
  };

  function* run(task: (work: PulledWork) => Iterable<Uint8Array>, last: boolean) {
    if (over) throw misuse("a codec after its end");
    if (running) throw misuse("a codec before all it gave was taken");
    work ??= begin();
    running = true;
    // Where this is left early, or fails, the place in the data is lost.
    let lost = true;
    try {
      yield* task(work);
      lost = false;
    } finally {
      running = false;
      if (lost || last || over) release();
    }
  }

  return {
    write: (chunk) => run((work) => work.write(chunk), false),
    end: () => run((work) => work.end(), true),
    release,
  };
}

/** The codec as one that is pushed: all that a chunk becomes is emitted at once. */
export function pushed(codec: PulledCodec): Codec {
  return {
    write(chunk, emit) {
      for (const view of codec.write(chunk)) emit(view);
    },
    end(emit) {
      for (const view of codec.end()) emit(view);
    },
    release: () => codec.release(),
  };
}
