import { type Command, Option } from "commander";
import { createOutput } from "../output/output.ts";
import type { GlobalOptions } from "./options.ts";
import { addPipelineOptions } from "./pipeline.ts";

interface LegacyOptions {
  readonly socket?: string;
  readonly useUniqueNames?: boolean;
  readonly expand?: boolean;
  readonly normalizeTimestamps?: boolean;
  readonly timestamp?: string;
  readonly regex?: boolean;
  readonly scriptFriendly?: boolean;
}

type LegacyOption = keyof typeof OPTIONS;

const OPTIONS = {
  socket: "--socket <path>",
  useUniqueNames: "--use-unique-names",
  expand: "--expand",
  normalizeTimestamps: "--normalize-timestamps",
  timestamp: "--timestamp <seconds>",
  regex: "--regex",
  scriptFriendly: "--script-friendly",
} as const satisfies Record<keyof LegacyOptions, string>;

/** A command of occystrap's first versions, and what it is called today. */
interface LegacyCommand {
  readonly arguments: readonly string[];
  readonly options: readonly LegacyOption[];
  /** The command of today, from the arguments in their order. */
  today(given: readonly string[], options: LegacyOptions): readonly string[];
}

const REGISTRY = ["registry", "image", "tag"] as const;
const DOCKER = ["image", "tag"] as const;
const FOLDER_OPTIONS = ["useUniqueNames", "expand"] as const;
const TIME_OPTIONS = ["normalizeTimestamps", "timestamp"] as const;
const SEARCH_OPTIONS = ["regex", "scriptFriendly"] as const;

const LEGACY: Readonly<Record<string, LegacyCommand>> = {
  "fetch-to-tarfile": {
    arguments: [...REGISTRY, "tarfile"],
    options: TIME_OPTIONS,
    today: ([registry, image, tag, tarfile], options) => [
      ...["process", registryUri(registry, image, tag), fileUri("tar", tarfile)],
      ...timeFilter(options),
    ],
  },
  "fetch-to-extracted": {
    arguments: [...REGISTRY, "path"],
    options: FOLDER_OPTIONS,
    today: ([registry, image, tag, path], options) => [
      ...["process", registryUri(registry, image, tag), folderUri(path, options)],
    ],
  },
  "fetch-to-oci": {
    arguments: [...REGISTRY, "path"],
    options: [],
    today: ([registry, image, tag, path]) => [
      ...["process", registryUri(registry, image, tag), fileUri("oci", path)],
    ],
  },
  "fetch-to-mounts": {
    arguments: [...REGISTRY, "path"],
    options: [],
    today: ([registry, image, tag, path]) => [
      ...["process", registryUri(registry, image, tag), fileUri("mounts", path)],
    ],
  },
  "tarfile-to-extracted": {
    arguments: ["tarfile", "path"],
    options: FOLDER_OPTIONS,
    today: ([tarfile, path], options) => ["process", fileUri("tar", tarfile), folderUri(path, options)],
  },
  "docker-to-tarfile": {
    arguments: [...DOCKER, "tarfile"],
    options: ["socket", ...TIME_OPTIONS],
    today: ([image, tag, tarfile], options) => [
      ...["process", dockerUri(image, tag, options), fileUri("tar", tarfile)],
      ...timeFilter(options),
    ],
  },
  "docker-to-extracted": {
    arguments: [...DOCKER, "path"],
    options: ["socket", ...FOLDER_OPTIONS],
    today: ([image, tag, path], options) => [
      ...["process", dockerUri(image, tag, options), folderUri(path, options)],
    ],
  },
  "docker-to-oci": {
    arguments: [...DOCKER, "path"],
    options: ["socket"],
    today: ([image, tag, path], options) => [
      ...["process", dockerUri(image, tag, options), fileUri("oci", path)],
    ],
  },
  "search-layers": {
    arguments: [...REGISTRY, "pattern"],
    options: SEARCH_OPTIONS,
    today: ([registry, image, tag, pattern], options) =>
      search(registryUri(registry, image, tag), pattern, options),
  },
  "search-layers-tarfile": {
    arguments: ["tarfile", "pattern"],
    options: SEARCH_OPTIONS,
    today: ([tarfile, pattern], options) => search(fileUri("tar", tarfile), pattern, options),
  },
  "search-layers-docker": {
    arguments: [...DOCKER, "pattern"],
    options: ["socket", ...SEARCH_OPTIONS],
    today: ([image, tag, pattern], options) => search(dockerUri(image, tag, options), pattern, options),
  },
};

/** The old commands, which the help does not list; each says what it is called today, and does that. */
export function addLegacy(
  program: Command,
  exit: (code: number) => void,
  run: (args: readonly string[]) => Promise<number>,
): void {
  for (const [name, { arguments: names, options, today }] of Object.entries(LEGACY)) {
    const command = program.command(name, { hidden: true }).summary("an old command of occystrap's");
    for (const argument of names) command.argument(`<${argument}>`);
    for (const option of options) command.addOption(new Option(OPTIONS[option]));
    addPipelineOptions(command).action(async (...given: unknown[]) => {
      const args = [
        ...today(given.slice(0, names.length) as string[], command.opts()),
        ...passedOn(command, options),
      ];
      const output = createOutput(command.opts<GlobalOptions>());
      output.log({
        type: "warning",
        message: `${name} is an old name; use: sealift ${args.map(quoted).join(" ")}`,
      });
      exit(await run(args));
    });
  }
}

/** What every command takes, as it was given. */
function passedOn(command: Command, own: readonly LegacyOption[]): string[] {
  return command.options
    .filter((option) => !(own as readonly string[]).includes(option.attributeName()))
    .filter((option) => command.getOptionValueSource(option.attributeName()) === "cli")
    .filter((option) => option.negate === (command.getOptionValue(option.attributeName()) === false))
    .flatMap((option) => {
      const flag = option.long ?? option.short ?? "";
      return option.isBoolean() ? [flag] : [flag, String(command.getOptionValue(option.attributeName()))];
    });
}

function registryUri(registry = "", image = "", tag = ""): string {
  return `registry://${registry}/${image}:${tag}`;
}

function dockerUri(image = "", tag = "", { socket }: LegacyOptions): string {
  return `docker://${image}:${tag}${socket ? `?socket=${encodeURIComponent(socket)}` : ""}`;
}

/** A path as it is: to a URI, `%`, `?` and `#` mean something, and a first `localhost` nothing. */
function fileUri(scheme: string, path = ""): string {
  return `${scheme}://${path.replace(/^localhost\//, "./localhost/").replace(/[%?#]/g, encodeURIComponent)}`;
}

function folderUri(path: string | undefined, { useUniqueNames, expand }: LegacyOptions): string {
  const options = [useUniqueNames && "unique_names=true", expand && "expand=true"].filter(Boolean).join("&");
  return fileUri("dir", path) + (options && `?${options}`);
}

function timeFilter({ normalizeTimestamps, timestamp = "0" }: LegacyOptions): string[] {
  return normalizeTimestamps ? ["-f", `normalize-timestamps:ts=${timestamp}`] : [];
}

function search(uri: string, pattern = "", { regex, scriptFriendly }: LegacyOptions): string[] {
  const flags = [regex && "--regex", scriptFriendly && "--script-friendly"];
  return ["search", uri, pattern, ...flags.filter((flag) => typeof flag === "string")];
}

/** As a shell takes it. A password is not shown. */
function quoted(arg: string, index: number, args: readonly string[]): string {
  if (args[index - 1] === "--password") return "…";
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
}
