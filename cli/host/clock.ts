import type { Clock } from "../../src/host.ts";

/** The machine's clock. `sleep` does not keep the process alive past an abort: it rejects with the signal's reason. */
export function systemClock(signal?: AbortSignal): Clock {
  return {
    now: () => Date.now(),
    async sleep(milliseconds) {
      try {
        await process
          .getBuiltinModule("node:timers/promises")
          .setTimeout(milliseconds, undefined, signal ? { signal } : {});
      } catch (error) {
        throw signal?.reason ?? error;
      }
    },
  };
}
