import { SealiftError } from "../../src/error.ts";

/** The user's wish to stop. */
export interface Interruption {
  /** Aborts at the first SIGINT or SIGTERM, with ABORTED as its reason. */
  readonly signal: AbortSignal;
  /** Stops listening. */
  dispose(): void;
}

/** Longer than a server gives the requests in progress; work that heeds no signal ends after it. */
const GRACE_MS = 8000;

/** Shells know 128 + SIGINT. */
const EXIT_CODE = 130;

/** The first signal aborts; the second, or `graceMs` without an end, exits with 130. Temporary files go either way. */
export function listenForInterruption(graceMs: number = GRACE_MS): Interruption {
  const controller = new AbortController();
  const exit = () => process.exit(EXIT_CODE);
  let deadline: NodeJS.Timeout | undefined;
  const onSignal = () => {
    if (controller.signal.aborted) exit();
    controller.abort(new SealiftError("ABORTED", "Cannot finish: it was interrupted"));
    deadline = setTimeout(exit, graceMs).unref();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    dispose() {
      clearTimeout(deadline);
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
