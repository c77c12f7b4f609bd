import { cacheFolder } from "./cache-folder.ts";
import { makeFolder } from "./make-folder.ts";

/** V8's code for the chunks of the command, as runs of a verb have left it: functions that were called included. */
export interface CodeCache {
  /** Whether it is so old that it should be made again, with what other runs have called since. */
  readonly isDue: boolean;
  get(chunk: string): Buffer | undefined;
  /** Keeps the code of chunks for the next run, beside what is kept of others; what cannot be written is not kept. */
  add(code: ReadonlyMap<string, Buffer>): void;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Code = ReadonlyMap<string, Buffer>;

// Imports would have Node read each property of these modules, and so load all that they load when it is
// first used: of node:fs 2.5 ms.
const fs = () => process.getBuiltinModule("node:fs");
const path = () => process.getBuiltinModule("node:path");

/** Of the length of the list behind the code: [chunk, length] of each. */
const LENGTH_SIZE = 4;
/** In milliseconds. Runs of one verb call different functions, and which were compiled takes as long to find out as to compile them. */
const DUE = 3600 * 1000;
/** What is in use is made again each {@link DUE}; what was not for so long is of builds and versions of Node that are gone. */
const STALE = 30 * 24 * DUE;

/**
 * The cache for runs of `verb` by the command whose first chunk is `command`:
 * another verb calls other functions, and each function kept is read by every
 * run. V8 itself refuses code of another version or under other flags, but of
 * the source checks the length alone; the chunks' names hold digests of it. Undefined
 * where none is wanted.
 */
export function codeCache(env: Environment, command: string, verb: string): CodeCache | undefined {
  if (env.NODE_DISABLE_COMPILE_CACHE) return undefined;
  const file = fileFor(env, command, verb);
  const { code: kept, written } = read(file);
  return {
    isDue: Date.now() - written > DUE,
    get: (chunk) => kept.get(chunk),
    add(code) {
      try {
        write(file, new Map([...kept, ...code]));
        sweep(path().dirname(file));
      } catch {
        // The next run compiles again, and that is no reason to fail.
      }
    },
  };
}

function fileFor(env: Environment, command: string, verb: string): string {
  // Not v8.cachedDataVersionTag(), for which Node loads two milliseconds of streams.
  const flags = encodeURIComponent([...process.execArgv, env.NODE_OPTIONS ?? ""].join(" ").trim()).slice(
    0,
    64,
  );
  const engine = [process.version, process.arch, ...(flags && [flags])].join("-");
  const name = `${command}-${engine}-${/^[a-z-]{1,32}$/.test(verb) ? verb : "other"}`;
  return path().join(cacheFolder(env, "compiled"), name);
}

/** Nothing where there is none, it is damaged, or somebody else's: V8 would run whatever is in it. */
function read(file: string): { readonly code: Code; readonly written: number } {
  const { closeSync, constants, fstatSync, openSync, readFileSync } = fs();
  let opened: number | undefined;
  try {
    // A pipe in its place would not be opened before somebody writes to it. Windows has no such flag.
    opened = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const found = fstatSync(opened);
    const isOurs = found.isFile() && found.uid === (process.getuid?.() ?? found.uid);
    if (isOurs) return { code: codeIn(readFileSync(opened)), written: found.mtimeMs };
  } catch {
    // It is made again.
  } finally {
    if (opened !== undefined) closeSync(opened);
  }
  return { code: new Map(), written: 0 };
}

/**
 * Throws where the file is damaged, for which V8 does not look: with one byte
 * changed it crashed, or never ended. So all is written twice and compared,
 * in half a millisecond; for any digest Node loads node:crypto or node:zlib
 * first, in two to seven.
 */
function codeIn(file: Buffer): Code {
  const content = file.subarray(0, file.length / 2);
  if (!content.equals(file.subarray(content.length))) throw new Error("It is damaged");
  const end = content.length - LENGTH_SIZE;
  const list: [string, number][] = JSON.parse(content.toString("utf8", end - content.readUInt32LE(end), end));
  const code = new Map<string, Buffer>();
  let offset = 0;
  for (const [chunk, length] of list) {
    code.set(chunk, content.subarray(offset, offset + length));
    offset += length;
  }
  return code;
}

/** In a folder of the user's own whatever the umask, as others could lay code for us; readers see a file whole or not at all. */
function write(file: string, code: Code): void {
  const { renameSync, rmSync, writeFileSync } = fs();
  makeFolder(path().dirname(file));
  const list = Buffer.from(JSON.stringify(Array.from(code, ([chunk, { length }]) => [chunk, length])));
  const length = Buffer.alloc(LENGTH_SIZE);
  length.writeUInt32LE(list.length);
  const content = [...code.values(), list, length];
  const pending = `${file}.${process.pid}.part`;
  try {
    writeFileSync(pending, Buffer.concat([...content, ...content]), { mode: 0o600 });
    renameSync(pending, file);
  } catch (error) {
    rmSync(pending, { force: true });
    throw error;
  }
}

function sweep(folder: string): void {
  const { lstatSync, readdirSync, rmSync } = fs();
  for (const name of readdirSync(folder)) {
    const old = path().join(folder, name);
    const found = name.startsWith("command-") ? lstatSync(old, { throwIfNoEntry: false }) : undefined;
    if (found?.isFile() && Date.now() - found.mtimeMs > STALE) rmSync(old, { force: true });
  }
}
