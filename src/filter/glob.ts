import picomatch from "picomatch/posix.js";
import { isUtf8 } from "../bytes/surrogate-escape.ts";
import { reasonOf, SealiftError } from "../error.ts";
import { bytesNamed } from "../tar/shown-name.ts";

/** Whether a path, relative to an image's root and without a slash at either end, is meant. */
export type PathMatch = (path: string) => boolean;

/**
 * Names may hold line feeds, which `.` would stop at; names with a dot in front are names like any other. `debug`
 * throws where a glob makes no expression: it would match nothing.
 */
const OPTIONS = { dot: true, nonegate: true, noextglob: true, flags: "s", debug: true } as const;

/** A pattern takes time to read and paths to compare; nobody writes longer ones, in characters. */
const MAX_PATTERN = 4096;

/**
 * A glob over whole paths: `*` and `?` stay within a name, `**` spans names and
 * may be none at all, `[ab]` and `{a,b}` are choices, `\` takes a character as it is,
 * but `\351` is the byte of that octal code, for names that are not UTF-8.
 * `X/**` means X too. Slashes and `./` at the ends mean nothing. A bracket or
 * brace that is not closed, a character for itself to a shell, is a typing error
 * here: it would match nothing, and nobody would know. Throws USAGE.
 */
export function globMatch(pattern: string): PathMatch {
  const bare = withBytes(pattern)
    .replace(/^(?:\.?\/+)+/, "")
    .replace(/\/+$/, "");
  if (bare === "") throw new SealiftError("USAGE", `Cannot use pattern "${pattern}": it names nothing`);
  if (bare.length > MAX_PATTERN) {
    throw new SealiftError(
      "USAGE",
      `Cannot use pattern "${bare.slice(0, 50)}…": it has more than ${MAX_PATTERN} characters`,
    );
  }
  refuseMalformed(bare);
  const globs = bare.endsWith("/**") ? [bare, bare.slice(0, -3)] : [bare];
  try {
    const options = isUtf8(bare) ? OPTIONS : BYTE_OPTIONS;
    return picomatch(globs.filter((glob) => glob !== "").map(literalBrackets), options);
  } catch (cause) {
    throw new SealiftError("USAGE", `Cannot use pattern "${bare}": ${reasonOf(cause)}`, { cause });
  }
}

/** Whole characters are compared, of which half of a pair is none, but a byte is one; the fast paths make no expression for that. */
const BYTE_OPTIONS = { ...OPTIONS, flags: "su", fastpaths: false } as const;

/** Bytes from 0x80 on by their octal codes; ASCII has no need of them. */
function withBytes(pattern: string): string {
  return pattern.replace(/((?:\\[23][0-7]{2})+)|\\./gs, (found, octal?: string) =>
    octal ? bytesNamed(octal) : found,
  );
}

/** What is open at the end, or a backslash with nothing behind it. */
function refuseMalformed(glob: string): void {
  // A class holds what it holds: `]` too where it comes first.
  const bare = glob.replace(/\\.|\[(?:[!^](?:\\.|[^\\])|\\.|[^\\!^])(?:\\.|[^\]\\])*\]/gs, "");
  const braces = bare.match(/[{}]/g) ?? [];
  const open = braces.reduce((depth, brace) => (brace === "{" ? depth + 1 : Math.max(0, depth - 1)), 0);
  const mark = bare.includes("[") ? "[" : open > 0 ? "{" : undefined;
  if (mark) {
    throw new SealiftError("USAGE", `Cannot use pattern "${glob}": its ${mark} is not closed`, {
      hint: `\\${mark} means the character itself.`,
    });
  }
  if (bare.includes("\\")) {
    throw new SealiftError("USAGE", `Cannot use pattern "${glob}": it ends in a backslash`);
  }
}

/**
 * Parentheses and bars are characters of names; the matcher would take them for
 * its own, the `]` of `[!]]` for the end, and `!` beside a backslash for itself.
 */
function literalBrackets(glob: string): string {
  const escaped = glob.replace(/\\.|[()|]/gs, (found) => (found.length > 1 ? found : `\\${found}`));
  return escaped.replace(/\\.|\[[!^](\]?)/gs, (found, first) =>
    found.startsWith("[") ? `[^${first && "\\]"}` : found,
  );
}

/** `A,B` as A and B; a comma between braces or brackets, or behind a backslash, divides nothing. */
export function splitGlobs(text: string): readonly string[] {
  const globs = [""];
  let depth = 0;
  for (const part of text.match(/\\.|./gs) ?? []) {
    if (part === "{" || part === "[") depth++;
    else if (part === "}" || part === "]") depth = Math.max(0, depth - 1);
    if (part === "," && depth === 0) globs.push("");
    else globs[globs.length - 1] += part;
  }
  return globs;
}
