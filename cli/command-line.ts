import { ERRORS } from "../src/error.ts";
import { endInterrupted } from "./host/interruption.ts";
import { isOutputLost, outliveReaders } from "./output/output.ts";
import { run } from "./program.ts";

/** Runs a command line to its end, and leaves its exit code with the process. */
export async function main(args: readonly string[]): Promise<void> {
  outliveReaders();
  const code = await run(args);
  if (code === ERRORS.ABORTED.exit) await endInterrupted();
  process.exitCode = code === 0 && isOutputLost() ? 1 : code;
}
