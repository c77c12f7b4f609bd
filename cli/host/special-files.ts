/** Devices and pipes, which Node cannot make: mknod does. */
import { linkSync } from "node:fs";
import type { SpecialFile } from "../../src/bytes/root-fs.ts";
import { encodeName } from "../../src/bytes/surrogate-escape.ts";
import { SealiftError } from "../../src/error.ts";
import { fileError } from "./file-error.ts";
import { pathBytes } from "./path-bytes.ts";
import { runProgram } from "./program.ts";

/**
 * One shell for many: starting a program from here costs more than the shell's own start of it. Arguments
 * can only be UTF-8, so names come as `printf` reads them; a dot keeps line feeds at a name's end.
 */
const MAKE =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
  'while [ $# -gt 0 ]; do name=$(printf "%b." "$1"); mknod -- "${name%.}" $2 || exit; shift 2; done';

/** Keeps a command line far below the system's limit on it. */
const BATCH = 100;

/** As many names as a file may have on every file system in use. */
const MAX_NAMES = 30_000;

export interface MadeSpecials {
  readonly specials: readonly SpecialFile[];
  readonly warnings: readonly string[];
}

/**
 * Makes devices and pipes below the folder; gives those that are there now.
 * Devices need root: they are left out without it. Throws IO.
 */
export async function makeSpecials(root: string, wanted: readonly SpecialFile[]): Promise<MadeSpecials> {
  const makeable = wanted.filter(({ kind }) => kind === "fifo" || isRoot());
  const left = wanted.length - makeable.length;
  const warnings = left > 0 ? [`Left out ${left} device files: only root can make them`] : [];
  const specials = makeable.flatMap(withFewNames);
  for (let start = 0; start < specials.length; start += BATCH) {
    await make(root, specials.slice(start, start + BATCH));
  }
  for (const { paths } of specials) {
    for (const path of paths.slice(1)) link(`${root}/${paths[0]}`, `${root}/${path}`);
  }
  return { specials, warnings };
}

async function make(root: string, specials: readonly SpecialFile[]): Promise<void> {
  const args = specials.flatMap((special) => [
    printfEscaped(`${root}/${special.paths[0]}`),
    kindArguments(special),
  ]);
  const { code, stderr } = await runProgram("sh", ["-c", MAKE, "sh", ...args]);
  if (code === 0) return;
  throw new SealiftError(
    "IO",
    `Cannot make device files in ${root}: ${stderr || `mknod ended with code ${code}`}`,
  );
}

/** In octal whatever is not ASCII, and the backslash. */
function printfEscaped(path: string): string {
  return Array.from(encodeName(path), (byte) =>
    byte > 0x7e || byte === 0x5c ? `\\0${byte.toString(8)}` : String.fromCharCode(byte),
  ).join("");
}

function kindArguments({ kind, major, minor }: SpecialFile): string {
  if (kind === "fifo") return "p";
  return `${kind === "block" ? "b" : "c"} ${major} ${minor}`;
}

function withFewNames(special: SpecialFile): SpecialFile[] {
  const parts: SpecialFile[] = [];
  for (let start = 0; start < special.paths.length; start += MAX_NAMES) {
    parts.push({ ...special, paths: special.paths.slice(start, start + MAX_NAMES) });
  }
  return parts;
}

function link(from: string, to: string): void {
  try {
    linkSync(pathBytes(from), pathBytes(to));
  } catch (error) {
    throw fileError(error, "make link", to);
  }
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
