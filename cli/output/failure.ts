import { isSealiftError, reasonOf, SealiftError } from "../../src/error.ts";
import { type Colors, printable, wrapped } from "./text.ts";

/** An error as every host knows it. What is not ours is an interruption or a defect. */
export function asSealiftError(error: unknown): SealiftError {
  if (isSealiftError(error)) return error;
  if (error instanceof Error && error.name === "AbortError") {
    return new SealiftError("ABORTED", "Cannot finish: it was interrupted", { cause: error });
  }
  return new SealiftError("INTERNAL", `Cannot finish: ${reasonOf(error)}`, { cause: error });
}

export interface FailureOptions {
  readonly colors: Colors;
  /** Also the causes with their stacks. */
  readonly debug: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

/** `error[CODE]: message`, its hint, and with `debug` the causes with their stacks. */
export function renderFailure(error: SealiftError, { colors, debug, width }: FailureOptions): string {
  const lines = [
    wrapped(`${colors.red(`error[${error.code}]`)}: ${oneRow(error.message)}`, width, 2),
    ...(error.hint ? [wrapped(`${colors.cyan("hint")}: ${oneRow(error.hint)}`, width, 2)] : []),
  ];
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

/** A name with a line feed in it must not begin a line of ours. */
function oneRow(text: string): string {
  return printable(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
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
