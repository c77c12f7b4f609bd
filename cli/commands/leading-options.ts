/** Options that may stand before the verb, as occystrap has them, and whether a value follows. */
const LEADING: ReadonlyMap<string, boolean> = new Map([
  ["--json", false],
  ["--output-format", true],
  ["-O", true],
  ["--quiet", false],
  ["-q", false],
  ["--verbose", false],
  ["--debug", false],
  ["--log-format", true],
  ["--temp-dir", true],
  ["--os", true],
  ["--architecture", true],
  ["--variant", true],
  ["--username", true],
  ["--password", true],
  ["--insecure", false],
  ["--compression", true],
  ["--parallel", true],
  ["-j", true],
  ["--layer-cache", true],
  ["--verify", false],
  ["--verify-full", false],
  ["--no-verify", false],
]);

/** The arguments with the options before the verb put behind it, where each command takes them. */
export function leadingOptionsBehind(args: readonly string[]): readonly string[] {
  let at = 0;
  while (at < args.length) {
    const [name = ""] = (args[at] as string).split("=", 1);
    const takesValue = LEADING.get(name);
    if (takesValue === undefined) break;
    at += takesValue && !(args[at] as string).includes("=") ? 2 : 1;
  }
  const verb = args[at];
  // `--json --help` and the like are the program's own.
  if (at === 0 || verb === undefined || verb.startsWith("-")) return args;
  return [verb, ...args.slice(at + 1), ...args.slice(0, at)];
}

/**
 * `--verify=full` as a flag of its own: an option whose value may be left out
 * would take the source's URI for it.
 */
export function withVerifyMode(args: readonly string[]): readonly string[] {
  return args.map((arg) => (arg === "--verify=full" ? "--verify-full" : arg));
}
