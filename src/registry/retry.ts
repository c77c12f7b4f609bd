import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { TransientError } from "./failure.ts";

/** Tries in all, without progress in between. */
const ATTEMPTS = 5;
/** What a failure counts that took a silence of a minute or more to show: one more try, and no third minute. */
const SILENCE_COUNTS = 3;
/** Milliseconds before the second try; doubles from try to try. */
const FIRST_WAIT = 250;
/** The longest a Retry-After is obeyed, in milliseconds. A registry that asks for more gets no second try now. */
const LONGEST_WAIT = 60_000;

/** Runs `work` again while it fails with a {@link TransientError}; then throws the last one. */
export async function retrying<T>(host: Host, work: () => Promise<T>): Promise<T> {
  const patience = new Patience(host);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      await patience.after(error);
    }
  }
}

/** How often one piece of work may still fail, and how long to wait in between. */
export class Patience {
  readonly #host: Host;
  #failures = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Waits for the next try, or throws the error if there is none. */
  async after(error: unknown): Promise<void> {
    if (!(error instanceof TransientError)) throw error;
    this.#failures += error.silent ? SILENCE_COUNTS : 1;
    if (this.#failures >= ATTEMPTS) throw error;
    const wait = this.#waitFor(error);
    if (wait > LONGEST_WAIT) throw error;
    this.#host.log({
      // A minute went by: whoever waits must hear why.
      type: error.silent ? "warning" : "debug",
      message: `${error.message}; trying again in ${(wait / 1000).toFixed(1)} s`,
      details: { event: "retry", wait },
    });
    await sleep(this.#host, wait);
  }

  /** Bytes moved: the count of failures starts anew. */
  progressed(): void {
    this.#failures = 0;
  }

  // Jitter (half to whole) keeps many clients from coming back in step.
  #waitFor(error: TransientError): number {
    const backoff = FIRST_WAIT * 2 ** (this.#failures - 1);
    const random = (this.#host.random(1)[0] ?? 0) / 255;
    return Math.max(error.retryAfter ?? 0, backoff * (0.5 + random / 2));
  }
}

async function sleep({ clock, signal }: Host, milliseconds: number): Promise<void> {
  if (!signal) return clock.sleep(milliseconds);
  let onAbort = () => {};
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    signal.addEventListener("abort", onAbort);
  });
  try {
    if (!signal.aborted) await Promise.race([clock.sleep(milliseconds), aborted]);
  } catch (error) {
    // A host's clock may listen to the same signal.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  if (signal.aborted) throw new SealiftError("ABORTED", "Cannot go on: interrupted");
}
