import type { Command } from "commander";
import { SealiftError } from "../../src/error.ts";
import { TOPICS } from "../help/topics.ts";

/** What `sealift help WORDS…` prints: a topic, or the help of a command. Throws USAGE where there is neither. */
export async function helpText(words: readonly string[], program: () => Promise<Command>): Promise<string> {
  const [name = ""] = words;
  if (words.length === 1 && Object.hasOwn(TOPICS, name)) return (await TOPICS[name]?.load()) ?? "";
  let command: Command | undefined = await program();
  for (const word of words) command = command?.commands.find((sub) => sub.name() === word);
  if (command) return renderedHelp(command);
  throw new SealiftError("USAGE", `Cannot help with "${words.join(" ")}": it is no command and no topic`, {
    hint: `\`sealift --help\` lists the commands. Topics are ${Object.keys(TOPICS).join(", ")}.`,
  });
}

/** With what stands behind the options, which `helpInformation` alone leaves out. */
function renderedHelp(command: Command): string {
  let text = "";
  command.configureOutput({ ...command.configureOutput(), writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}
