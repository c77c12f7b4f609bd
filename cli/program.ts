import { Command, CommanderError, Help, type Option } from "commander";
import metadata from "../package.json" with { type: "json" };
import { ERRORS, SealiftError } from "../src/error.ts";
import { loadCommands } from "./commands/commands.ts";
import { helpText } from "./commands/help.ts";
import { leadingOptionsBehind, withVerifyMode } from "./commands/leading-options.ts";
import { addGlobalOptions } from "./commands/options.ts";
import { topicList } from "./help/topics.ts";
import { createOutput } from "./output/output.ts";

/** Help is read in columns; on a wide screen its lines would be longer than an eye follows. */
const MAX_HELP_WIDTH = 100;

/** Runs a command line; resolves to the exit code. */
export async function run(given: readonly string[]): Promise<number> {
  const args = leadingOptionsBehind(withVerifyMode(given));
  let exitCode = 0;
  if (args[0] === "help") return help(args.slice(1));
  const program = await buildProgram(args, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return wrongUsage(error, args);
    throw error;
  }
}

/** `help WORDS…`: ours, as commander knows of no topics. Options are of no use to it. */
async function help(args: readonly string[]): Promise<number> {
  const words = args.filter((arg) => !arg.startsWith("-"));
  try {
    process.stdout.write(await helpText(words, () => buildProgram(words, () => {})));
    return 0;
  } catch (error) {
    return createOutput({ json: args.includes("--json") }).failure(error);
  }
}

/** Asking for help is no error; leaving out the command is, and has printed the help. */
async function wrongUsage(error: CommanderError, args: readonly string[]): Promise<number> {
  if (error.exitCode === 0) return 0;
  if (error.code === "commander.help") return ERRORS.USAGE.exit;
  const reason = error.message.replace(/^error: /, "").replace(/\s+/g, " ");
  const output = createOutput({ json: args.includes("--json") });
  return output.failure(new SealiftError("USAGE", `Cannot understand the command: ${reason}`));
}

async function buildProgram(args: readonly string[], exit: (code: number) => void): Promise<Command> {
  const program = new Command("sealift")
    .description("Pack software into sealed bundles, mirror images, verify and open them anywhere.")
    .version(metadata.version, "-V, --version")
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false, subcommandTerm, optionDescription })
    .configureOutput({
      outputError: () => {},
      getOutHelpWidth: () => helpWidth(process.stdout),
      getErrHelpWidth: () => helpWidth(process.stderr),
    })
    .helpCommand("help [command|topic]", "show a command's help, or a topic")
    .addHelpText("after", HELP);
  for (const add of await loadCommands(args)) add(program, exit, run);
  finish(program);
  return program;
}

const HELP = `
${topicList()}
Example:
  $ sealift process oci-archive://app.tar registry://127.0.0.1:5050/app:1.0

Exit codes: 0 ok · 1 failed · 2 wrong usage · 3 not verified
            4 refused by policy · 5 not found, unreachable or not authorised
            130 interrupted
`;

/** As commander has it, but that a command of many arguments names them in its own help: the list has two columns. */
function subcommandTerm(command: Command): string {
  if (command.registeredArguments.length > 2) return command.name();
  return new Help().subcommandTerm(command);
}

/** As commander has it, but for choices, which the description names. */
function optionDescription({ description, defaultValue }: Option): string {
  return typeof defaultValue === "string" ? `${description} (default: ${defaultValue})` : description;
}

function helpWidth({ columns = 80 }: { readonly columns?: number }): number {
  return Math.min(columns, MAX_HELP_WIDTH);
}

/** What every command has, and throwing rather than exiting: output must be flushed and temporary files removed. */
function finish(command: Command): void {
  command.exitOverride();
  if (command.commands.length === 0) addGlobalOptions(command);
  for (const sub of command.commands) finish(sub);
}
