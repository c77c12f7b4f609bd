/** Draws progress events: a line per active piece of work on a terminal, a line now and then elsewhere. */
import type { ProgressEvent } from "../../src/host.ts";
import { type Colors, formatDuration, formatSize, printable, shortenDigests } from "./text.ts";

export interface Progress {
  show(event: ProgressEvent): void;
  /** Prints a line of other talk, above what is being drawn. */
  print(text: string): void;
  /** Clears what is drawn; nothing more follows. */
  stop(): void;
}

/** Where progress is drawn. */
export interface Screen {
  write(text: string): unknown;
  readonly columns?: number;
}

export interface ProgressOptions {
  readonly colors: Colors;
  /** Milliseconds, from any start; for tests. */
  readonly now?: () => number;
}

/** A redraw costs a terminal more than a chunk costs us. */
const REDRAW_MS = 100;
/** More lines than a small terminal has would scroll what cannot be drawn over. */
const MAX_LINES = 8;
/** Work that was over sooner leaves no line on a terminal: nobody waited for it. */
const WORTH_A_LINE_MS = 1_000;
/** In a log, work shorter than this says nothing. */
const LOG_EVERY_MS = 10_000;
const BAR_WIDTH = 20;

interface Work {
  readonly startedAt: number;
  event: ProgressEvent;
}

const CLEAR_LINE = "\u001b[2K";
const lineUp = (lines: number) => `\u001b[${lines}A\r`;

/** On a terminal: active work redrawn in place at most ten times a second; work of some length leaves a line. */
export function terminalProgress(
  screen: Screen,
  { colors, now = () => performance.now() }: ProgressOptions,
): Progress {
  const active = new Map<string, Work>();
  let drawn = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const erase = () => (drawn === 0 ? "" : lineUp(drawn) + `${CLEAR_LINE}\n`.repeat(drawn) + lineUp(drawn));

  const draw = (above = "") => {
    clearTimeout(timer);
    timer = undefined;
    const width = (screen.columns ?? 80) - 1;
    const lines = [...active.values()].slice(0, MAX_LINES).map(({ event }) => activeLine(event, width));
    if (active.size > MAX_LINES) lines.push(`… and ${active.size - MAX_LINES} more`);
    const text = erase() + above + lines.map((line) => `${line}\n`).join("");
    drawn = lines.length;
    drawnAt = now();
    if (text) screen.write(text);
  };
  const drawSoon = () => {
    const wait = drawnAt + REDRAW_MS - now();
    if (wait <= 0) draw();
    else timer ??= setTimeout(draw, wait).unref();
  };

  return {
    show(event) {
      const work = active.get(keyOf(event)) ?? { startedAt: now(), event };
      if (!event.finished) {
        active.set(keyOf(event), { ...work, event });
        drawSoon();
        return;
      }
      active.delete(keyOf(event));
      const took = now() - work.startedAt;
      if (took < WORTH_A_LINE_MS) drawSoon();
      else draw(`${colors.green("✓ done")} ${finishedText(event, took)}\n`);
    },
    print: (text) => draw(text),
    stop() {
      active.clear();
      draw();
    },
  };
}

/** In a log: one line per piece of work every ten seconds, and one at its end if it was that long. */
export function logProgress(screen: Screen, { now = () => performance.now() }: ProgressOptions): Progress {
  const active = new Map<string, Work & { saidAt: number; said: boolean }>();
  return {
    show(event) {
      const at = now();
      const work = active.get(keyOf(event)) ?? { startedAt: at, saidAt: at, said: false, event };
      if (event.finished) {
        active.delete(keyOf(event));
        if (work.said) screen.write(`done ${finishedText(event, at - work.startedAt)}\n`);
        return;
      }
      const due = at - work.saidAt >= LOG_EVERY_MS;
      if (due) screen.write(`${nameOf(event)} ${amountText(event)}\n`);
      active.set(keyOf(event), { ...work, event, saidAt: due ? at : work.saidAt, said: work.said || due });
    },
    print: (text) => void screen.write(text),
    stop: () => active.clear(),
  };
}

/** Nothing is drawn; other talk still is. */
export function silentProgress(screen: Screen): Progress {
  return { show() {}, print: (text) => void screen.write(text), stop() {} };
}

function keyOf(event: ProgressEvent): string {
  return `${event.stage} ${event.id}`;
}

function activeLine(event: ProgressEvent, width: number): string {
  const line = `  ${barOf(event)} ${nameOf(event)} ${amountText(event)}`;
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

function barOf({ done, total }: ProgressEvent): string {
  if (!total) return `[${".".repeat(BAR_WIDTH)}]`;
  const filled = Math.min(BAR_WIDTH, Math.floor((done / total) * BAR_WIDTH));
  return `[${"#".repeat(filled)}${".".repeat(BAR_WIDTH - filled)}]`;
}

function nameOf(event: ProgressEvent): string {
  return `${event.stage} ${shortenDigests(printable(event.id).replace(/\s/g, " "))}`;
}

function amountText({ done, total }: ProgressEvent): string {
  return total === undefined ? formatSize(done) : `${formatSize(done)} of ${formatSize(total)}`;
}

function finishedText(event: ProgressEvent, took: number): string {
  return `${nameOf(event)} ${formatSize(event.done)} in ${formatDuration(took)}`;
}
