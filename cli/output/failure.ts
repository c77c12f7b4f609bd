import { isSealiftError, reasonOf, SealiftError } from "../../src/error.ts";
import { type Colors, printable } from "./text.ts";

/** An error as every host knows it. What is not ours is an interruption or a defect. */
export function asSealiftError(error: unknown): SealiftError {
  if (isSealiftError(error)) return error;
  if (error instanceof Error && error.name === "AbortError") {
    return new SealiftError("ABORTED", "Cannot finish: it was interrupted", { cause: error });
  }
  return new SealiftError("INTERNAL", `Cannot finish: ${reasonOf(error)}`, { cause: error });
}

/** `error[CODE]: message`, its hint, and with `debug` the causes with their stacks. */
export function renderFailure(error: SealiftError, colors: Colors, debug = false): string {
  const lines = [`${colors.red(`error[${error.code}]`)}: ${printable(error.message)}`];
  if (error.hint) lines.push(`${colors.cyan("hint")}: ${printable(error.hint)}`);
  if (debug) {
    if (error.stack) lines.push(colors.dim(stackOf(error)));
    for (const cause of causesOf(error)) {
      lines.push(
        colors.dim(`caused by ${printable(cause instanceof Error ? stackOf(cause) : String(cause))}`),
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The error for `--json`; the causes' messages with `debug`. */
export function failureObject(error: SealiftError, debug = false): object {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.hint && { hint: error.hint }),
      ...(debug && { causes: causesOf(error).map(reasonOf) }),
    },
  };
}

/** A cause may lead back to itself. */
function causesOf(error: Error): unknown[] {
  const causes: unknown[] = [];
  let cause = error.cause;
  while (cause !== undefined && !causes.includes(cause)) {
    causes.push(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

function stackOf(error: Error): string {
  return error.stack ?? `${error.name}: ${error.message}`;
}
