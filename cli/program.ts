import { Command, CommanderError } from "commander";
import metadata from "../package.json" with { type: "json" };
import { addBundle } from "./commands/bundle/bundle.ts";
import { addKey } from "./commands/key.ts";
import { addGlobalOptions } from "./commands/options.ts";
import { addProcess } from "./commands/process.ts";
import { addServe } from "./commands/serve.ts";

/** Wrong usage: the code shells and GNU's tools know. */
const USAGE_EXIT = 2;

/** Runs a command line; resolves to the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_EXIT;
    throw error;
  }
}

function buildProgram(exit: (code: number) => void): Command {
  const program = new Command("sealift")
    .description("Pack software into sealed bundles, mirror images, verify and open them anywhere.")
    .version(metadata.version, "-V, --version")
    .showHelpAfterError("(run with --help for what it takes)")
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .addHelpText(
      "after",
      `
Exit codes: 0 ok · 1 failed · 2 wrong usage · 3 not verified · 4 refused by policy
            5 not found, unreachable or not authorised · 130 interrupted
`,
    );
  addProcess(program, exit);
  addBundle(program, exit);
  addKey(program, exit);
  addServe(program, exit);
  finish(program);
  return program;
}

/** What every command has, and throwing rather than exiting: output must be flushed and temporary files removed. */
function finish(command: Command): void {
  command.exitOverride();
  if (command.commands.length === 0) addGlobalOptions(command);
  for (const sub of command.commands) finish(sub);
}
