/** The words and shapes of text for people: sizes, marks, tables, colour only where a terminal shows it. */
import picocolors from "picocolors";
import { shownCode } from "../../src/tar/shown-name.ts";

/** Colours that are nothing where the stream shows none. */
export type Colors = Pick<
  ReturnType<typeof picocolors.createColors>,
  "bold" | "dim" | "red" | "green" | "yellow" | "cyan"
>;

type Environment = Readonly<Record<string, string | undefined>>;

/** Colours for a stream: NO_COLOR (no-color.org) and TERM=dumb say no, FORCE_COLOR says yes, else a terminal has them. */
export function colorsFor(stream: { readonly isTTY?: boolean }, env: Environment = process.env): Colors {
  return picocolors.createColors(wantsColor(stream, env));
}

function wantsColor(stream: { readonly isTTY?: boolean }, env: Environment): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== "0";
  return stream.isTTY === true && env.TERM !== "dumb";
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** `121.5 MB`: decimal units, three or four digits. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.95 would round to "1000.0" of the smaller unit.
  while (value >= (unit === 0 ? 1000 : 999.95) && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `0.8 s`, `2 min 5 s`. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Digests in running text: enough to tell them apart. */
export function shortenDigests(text: string): string {
  return text.replace(/\b(sha(?:256|512)):([0-9a-f]{12})[0-9a-f]{52,116}\b/g, "$1:$2");
}

export type Outcome = "pass" | "fail" | "skipped";

/** A check's mark, always with its word: a colour or a sign alone is lost in a log. */
export function outcomeMark(outcome: Outcome, colors: Colors): string {
  const marks = {
    pass: colors.green("✓ pass"),
    fail: colors.red("✗ FAIL"),
    skipped: colors.dim("– skipped"),
  };
  return marks[outcome];
}

/** Rows in columns, two spaces apart; `right` names the columns of numbers. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  return [...tableLines(rows, right)].join("");
}

/** As {@link table}, line by line; the rows are gone through twice. */
export function* tableLines(
  rows: Iterable<readonly string[]>,
  right: readonly number[] = [],
): Generator<string, void, void> {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, shownWidth(cell));
    });
  }
  const pad = (cell: string, column: number) => {
    const space = " ".repeat((widths[column] ?? 0) - shownWidth(cell));
    return right.includes(column) ? space + cell : cell + space;
  };
  for (const row of rows) yield `${row.map(pad).join("  ").trimEnd()}\n`;
}

/** Text on lines of at most `width` where its words allow it, those after the first `indent` columns in. */
export function wrapped(text: string, width: number, indent: number): string {
  const lines: string[] = [];
  const [first = "", ...words] = text.split(" ");
  let line = first;
  for (const word of words) {
    const longer = `${line} ${word}`;
    if (line.trim() !== "" && shownWidth(longer) > width) {
      lines.push(line);
      line = " ".repeat(indent) + word;
    } else line = longer;
  }
  return [...lines, line].join("\n");
}

/** Colour takes no room. */
function shownWidth(cell: string): number {
  return [...cell.replace(COLOR, "")].length;
}

const COLOR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/**
 * Text from elsewhere (names in archives, a registry's messages) made safe to
 * show: control characters could move the cursor, retitle the terminal or
 * forge a line of ours, and bidirectional ones reorder what is read.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, shownCode);
}

const UNPRINTABLE = /(?![\n\t])\p{Cc}|[\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text from elsewhere on a line of its own: it cannot begin another, and so not speak for us. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, " ");
}
