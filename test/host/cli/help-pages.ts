/** What the command says of itself, page by page. */
import type { Workspace } from "./cli.ts";

/** Every command's words, as the help of the one above it lists them; none for the program itself. */
export async function allCommands(work: Workspace, path: readonly string[] = []): Promise<string[][]> {
  const listed = section(await work.sealift([...path, "--help"]), "Commands:");
  const names = listed.filter((name) => name !== "help");
  const below = await Promise.all(names.map((name) => allCommands(work, [...path, name])));
  return [[...path], ...below.flat()];
}

/** The topics, as the program's help lists them. */
export async function topics(work: Workspace): Promise<string[]> {
  return section(await work.sealift(["--help"]), "More, with `sealift help TOPIC`:");
}

/** The examples of a page as shell commands, joined where a backslash divides them. */
export function examplesOf(page: string): string[] {
  const commands = page.replaceAll(/\\\n\s*/g, "").matchAll(/^ {2}\$ (.*)$/gm);
  return [...commands].map(([, command]) => command as string);
}

function section(page: string, heading: string): string[] {
  const listed = page.split(`\n${heading}\n`)[1]?.split("\n\n")[0] ?? "";
  return [...listed.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name as string);
}
