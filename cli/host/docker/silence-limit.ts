import { SealiftError } from "../../../src/error.ts";

/** An end to work whose other side has fallen silent. */
export interface SilenceLimit {
  /** Aborts with the user's signal, or with UNREACHABLE after the silence. */
  readonly signal: AbortSignal;
  /** The other side was heard. */
  readonly broken: () => void;
  /** The work is over. */
  end(): void;
}

/** Longer than a daemon prepares one layer before it says so, in milliseconds. */
const LIMIT = 5 * 60 * 1000;

/** Waits for someone who may have stopped without closing the connection; `failed` begins the error's message. */
export function silenceLimit(
  failed: string,
  outer: AbortSignal | undefined,
  milliseconds: number = LIMIT,
): SilenceLimit {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    const seconds = Math.round(milliseconds / 1000);
    controller.abort(new SealiftError("UNREACHABLE", `${failed}: docker was silent for ${seconds} s`));
  }, milliseconds);
  const signal = outer ? AbortSignal.any([outer, controller.signal]) : controller.signal;
  return { signal, broken: () => void timer.refresh(), end: () => clearTimeout(timer) };
}
