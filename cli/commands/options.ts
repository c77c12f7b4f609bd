import { type Command, Option } from "commander";
import { SealiftError } from "../../src/error.ts";
import type { Platform } from "../../src/oci/descriptor.ts";
import { parsePlatform } from "../../src/oci/platform.ts";

/** Options every command has. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly outputFormat?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly debug?: boolean;
  readonly logFormat?: string;
  readonly tempDir?: string;
}

/** Options of the commands that speak to registries. */
export interface RegistryOptions extends GlobalOptions {
  readonly username?: string;
  readonly password?: string;
  readonly insecure?: boolean;
}

/** Of several platforms which; short, as its column sets the others' width. */
export const PLATFORM = "--platform <platform>";

export function addGlobalOptions(command: Command): Command {
  return grouped(command, "Output:")
    .option("--json", "print the result as JSON on standard output")
    .addOption(choice("-O, --output-format <format>", "as --json", ["text", "json"]).hideHelp())
    .option("-q, --quiet", "no progress and no notes")
    .option("--verbose", "say more of what happens")
    .option("--debug", "say everything, and what led to an error")
    .addOption(choice("--log-format <format>", "of progress and notes: text or json", ["text", "json"]))
    .option("--temp-dir <dir>", "where temporary files lie");
}

/** A heading for the options that follow, unless the command has none of its own to tell them from. */
function grouped(command: Command, heading: string): Command {
  return command.options.length > 0 ? command.optionsGroup(heading) : command;
}

/** The description names the choices. */
function choice(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices);
}

export function addRegistryOptions(command: Command): Command {
  return grouped(command, "Registries:")
    .option("--username <name>", "user at the registry that the command names")
    .option("--password <secret>", "seen by other users here: prefer SEALIFT_PASSWORD")
    .option("--insecure", "speak HTTP to registries beyond this machine");
}

export function platformOption(text: string | undefined): Platform | undefined {
  return text === undefined ? undefined : parsePlatform(text);
}

/** For options that may be given several times. */
export function collected(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** SOURCE_DATE_EPOCH (reproducible-builds.org), in seconds. Throws USAGE where it is not a number. */
export function sourceDateEpoch(env: NodeJS.ProcessEnv = process.env): number | undefined {
  const text = env.SOURCE_DATE_EPOCH;
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,12}$/.test(text)) {
    throw new SealiftError(
      "USAGE",
      `Cannot use SOURCE_DATE_EPOCH: "${text}" is not a whole number of seconds`,
    );
  }
  return Number(text);
}
