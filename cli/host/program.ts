/** How a program ended that helps with what Node cannot do itself. */
export interface Ended {
  /** Undefined where the machine has no such program. */
  readonly code: number | null | undefined;
  /** What it said on standard error. */
  readonly stderr: string;
}

/** Runs a program to its end, never through a shell. It may be missing, which is told by the code. */
export function runProgram(
  program: string,
  args: readonly string[],
  { cwd, input = "" }: { readonly cwd?: string; readonly input?: string } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    // Messages in English, whatever the user speaks: they are read.
    const env = { ...process.env, LC_ALL: "C" };
    const child = process.getBuiltinModule("node:child_process").spawn(program, args, {
      cwd,
      env,
      stdio: ["pipe", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.once("error", () => resolve({ code: undefined, stderr: "" }));
    child.once("close", (code) => resolve({ code, stderr: stderr.trim() }));
    // It may end before it has read everything.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
