import picomatch from "picomatch/posix.js";
import { SealiftError } from "../error.ts";

/** Whether a path, relative to an image's root and without a slash at either end, is meant. */
export type PathMatch = (path: string) => boolean;

/** Names may hold line feeds, which `.` would stop at; names with a dot in front are names like any other. */
const OPTIONS = { dot: true, nonegate: true, noextglob: true, flags: "s" } as const;

/** A pattern takes time to read and paths to compare; nobody writes longer ones, in characters. */
const MAX_PATTERN = 4096;

/**
 * A glob over whole paths: `*` and `?` stay within a name, `**` spans names and
 * may be none at all, `[ab]` and `{a,b}` are choices, `\` takes a character as it is.
 * `X/**` means X too. Slashes and `./` at the ends mean nothing. Throws USAGE.
 */
export function globMatch(pattern: string): PathMatch {
  const bare = pattern.replace(/^(?:\.?\/+)+/, "").replace(/\/+$/, "");
  if (bare === "") throw new SealiftError("USAGE", `Cannot use pattern "${pattern}": it names nothing`);
  if (bare.length > MAX_PATTERN) {
    throw new SealiftError(
      "USAGE",
      `Cannot use pattern "${bare.slice(0, 50)}…": it has more than ${MAX_PATTERN} characters`,
    );
  }
  const globs = bare.endsWith("/**") ? [bare, bare.slice(0, -3)] : [bare];
  return picomatch(globs.filter((glob) => glob !== "").map(literalBrackets), OPTIONS);
}

/** Parentheses and bars are characters of names; the matcher would take them for its own. */
function literalBrackets(glob: string): string {
  return glob.replace(/\\.|[()|]/gs, (found) => (found.length > 1 ? found : `\\${found}`));
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
