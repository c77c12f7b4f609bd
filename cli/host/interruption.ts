import { ERRORS, SealiftError } from "../../src/error.ts";

/** The user's wish to stop. */
export interface Interruption {
  /** Aborts at the first SIGINT or SIGTERM, with ABORTED as its reason. */
  readonly signal: AbortSignal;
  /** Stops listening. */
  dispose(): void;
}

/** Longer than a server gives the requests in progress; work that heeds no signal ends after it. */
const GRACE_MS = 8000;

/** The first signal aborts; the second, or `graceMs` without an end, exits with 130. Temporary files go either way. */
export function listenForInterruption(graceMs: number = GRACE_MS): Interruption {
  const controller = new AbortController();
  let deadline: NodeJS.Timeout | undefined;
  const onSignal = () => {
    if (controller.signal.aborted) exitInterrupted();
    controller.abort(new SealiftError("ABORTED", "Cannot finish: it was interrupted"));
    deadline = setTimeout(exitInterrupted, graceMs).unref();
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

/** Milliseconds that system calls get which are under way at the end: most take less than one. */
const LAST_CALLS_MS = 500;

/**
 * Ends the process with 130 although something is pending that nobody waits
 * for, such as output that nobody reads.
 */
export async function endInterrupted(): Promise<never> {
  for (const end = Date.now() + LAST_CALLS_MS; isAtFiles() && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return exitInterrupted();
}

/**
 * Exits with 130 at once; temporary files go. With a system call for a file
 * under way the process dies of SIGINT, which shells tell as 130 too: Node's
 * exit waits for its threads, and one may wait for ever.
 */
function exitInterrupted(): never {
  process.on("exit", () => {
    if (!isAtFiles()) return;
    process.removeAllListeners("SIGINT");
    process.kill(process.pid, "SIGINT");
  });
  process.exit(ERRORS.ABORTED.exit);
}

function isAtFiles(): boolean {
  return process.getActiveResourcesInfo().some((resource) => resource.startsWith("FSReq"));
}
