import type { Command } from "commander";

/** Adds a verb to the program; `exit` is told its exit code, `run` is for a verb that stands for another command line. */
type AddCommand = (
  program: Command,
  exit: (code: number) => void,
  run: (args: readonly string[]) => Promise<number>,
) => void;

/** The verbs, in the order of the help. Each is loaded when it is used: all of them take ten times as long as Node's own start. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  process: async () => (await import("./process.ts")).addProcess,
  search: async () => (await import("./search.ts")).addSearch,
  copy: async () => (await import("./copy.ts")).addCopy,
  "recreate-image": async () => (await import("./recreate-image.ts")).addRecreateImage,
  info: async () => (await import("./info.ts")).addInfo,
  check: async () => (await import("./check.ts")).addCheck,
  ls: async () => (await import("./ls.ts")).addLs,
  cat: async () => (await import("./cat.ts")).addCat,
  diff: async () => (await import("./diff.ts")).addDiff,
  bundle: async () => (await import("./bundle/bundle.ts")).addBundle,
  key: async () => (await import("./key.ts")).addKey,
  serve: async () => (await import("./serve.ts")).addServe,
  login: async () => (await import("./login.ts")).addLogin,
  logout: async () => (await import("./login.ts")).addLogout,
  cache: async () => (await import("./cache.ts")).addCache,
  doctor: async () => (await import("./doctor.ts")).addDoctor,
};

/** The names of the commands that occystrap had first. */
const LEGACY = /^(?:fetch-to-|tarfile-to-|docker-to-|search-layers)/;

/** What a command line needs: its verb, or all of them where it names none. */
export async function loadCommands([verb = ""]: readonly string[]): Promise<readonly AddCommand[]> {
  if (LEGACY.test(verb)) return [(await import("./legacy.ts")).addLegacy];
  const load = Object.hasOwn(COMMANDS, verb) ? COMMANDS[verb] : undefined;
  if (load) return [await load()];
  return Promise.all(Object.values(COMMANDS).map((load) => load()));
}
