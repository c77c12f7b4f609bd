import type { ListedFile } from "../../src/inspect/list-files.ts";
import { shownName } from "../../src/tar/shown-name.ts";
import { tableLines } from "./text.ts";

const TYPE_LETTER: Readonly<Record<string, string>> = {
  file: "-",
  directory: "d",
  symlink: "l",
  hardlink: "h",
  character: "c",
  block: "b",
  fifo: "p",
};

/** A listing as `ls` has it: paths from the root, one a line; with `long` what they are before them. */
export function* fileListLines(files: Iterable<ListedFile>, long: boolean): Generator<string, void, void> {
  if (long) yield* tableLines({ [Symbol.iterator]: () => rowsOf(files) }, [2]);
  else for (const file of files) yield `${nameOf(file)}\n`;
}

function* rowsOf(files: Iterable<ListedFile>): Generator<readonly string[], void, void> {
  for (const file of files) {
    yield [
      `${TYPE_LETTER[file.type] ?? "?"}${permissions(Number.parseInt(file.mode, 8))}`,
      `${file.uid}:${file.gid}`,
      `${file.size}`,
      timeOf(file.mtime),
      `${nameOf(file)}${file.target === undefined ? "" : ` -> ${shownName(file.target)}`}`,
    ];
  }
}

/** One platform's listing of several. */
export interface PlatformList {
  readonly platform: string;
  readonly files: Iterable<ListedFile>;
}

/** Each platform's listing under its name, as `ls` has those of several folders. */
export function* platformListsLines(
  lists: Iterable<PlatformList>,
  long: boolean,
): Generator<string, void, void> {
  let before = "";
  for (const { platform, files } of lists) {
    yield `${before}${shownName(platform)}:\n`;
    yield* fileListLines(files, long);
    before = "\n";
  }
}

function nameOf({ path, type }: ListedFile): string {
  return `/${shownName(path)}${type === "directory" && path !== "" ? "/" : ""}`;
}

function timeOf(seconds: number | null): string {
  const time = new Date((seconds ?? Number.NaN) * 1000);
  return Number.isNaN(time.getTime()) ? "-" : time.toISOString().slice(0, 16).replace("T", " ");
}

function permissions(mode: number): string {
  const bits = [6, 3, 0].map((shift, at) => {
    const three = (mode >> shift) & 7;
    const special = (mode & (0o4000 >> at)) !== 0;
    const executes = (three & 1) !== 0;
    const letter = at === 2 ? "t" : "s";
    const last = special ? (executes ? letter : letter.toUpperCase()) : executes ? "x" : "-";
    return `${three & 4 ? "r" : "-"}${three & 2 ? "w" : "-"}${last}`;
  });
  return bits.join("");
}
