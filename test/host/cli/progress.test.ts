import { describe, expect, it } from "vitest";
import { logProgress, terminalProgress } from "../../../cli/output/progress.ts";
import { colorsFor } from "../../../cli/output/text.ts";

const colors = colorsFor({}, {});
const DIGEST = `sha256:${"ab".repeat(32)}`;

function screen(columns = 80) {
  const writes: string[] = [];
  return { writes, columns, write: (text: string) => writes.push(text) };
}

const ESCAPE = "\u001b";
const TOKEN = new RegExp(`${ESCAPE}\\[\\d*[A-Z]|\\r|\\n|[^${ESCAPE}\\r\\n]+`, "g");

/** What a terminal shows after these writes: enough of VT100 for what is drawn. */
function shown(writes: readonly string[]): string[] {
  const lines: string[] = [""];
  let row = 0;
  for (const token of writes.join("").match(TOKEN) ?? []) {
    if (token.endsWith("A") && token.startsWith("\u001b")) row -= Number(token.slice(2, -1));
    else if (token === "\u001b[2K") lines[row] = "";
    else if (token === "\n") lines[++row] ??= "";
    else if (token !== "\r") lines[row] += token;
  }
  return lines.filter((line) => line !== "");
}

describe("progress on a terminal", () => {
  it("keeps one line per active piece of work, and leaves one when it is done", () => {
    let time = 0;
    const target = screen();
    const progress = terminalProgress(target, { colors, now: () => time });
    progress.show({ type: "progress", id: DIGEST, stage: "copying", done: 0, total: 2000 });
    time += 200;
    progress.show({ type: "progress", id: "config", stage: "copying", done: 10 });
    time += 200;
    progress.show({ type: "progress", id: DIGEST, stage: "copying", done: 1000, total: 2000 });
    expect(shown(target.writes)).toEqual([
      "  [##########..........] copying sha256:abababababab 1.0 kB of 2.0 kB",
      "  [....................] copying config 10 B",
    ]);
    time += 600;
    progress.show({
      type: "progress",
      id: DIGEST,
      stage: "copying",
      done: 2000,
      total: 2000,
      finished: true,
    });
    expect(shown(target.writes)).toEqual([
      "✓ done copying sha256:abababababab 2.0 kB in 1.0 s",
      "  [....................] copying config 10 B",
    ]);
    progress.stop();
    expect(shown(target.writes)).toEqual(["✓ done copying sha256:abababababab 2.0 kB in 1.0 s"]);
  });

  it("leaves no line for what nobody waited for", () => {
    let time = 0;
    const target = screen();
    const progress = terminalProgress(target, { colors, now: () => time });
    for (const id of ["a", "b", "c"]) {
      progress.show({ type: "progress", id, stage: "copying", done: 1, total: 1 });
      time += 300;
      progress.show({ type: "progress", id, stage: "copying", done: 1, total: 1, finished: true });
    }
    progress.stop();
    expect(shown(target.writes)).toEqual([]);
  });

  it("redraws at most ten times a second, however many events come", () => {
    let time = 0;
    const target = screen();
    const progress = terminalProgress(target, { colors, now: () => time });
    for (let done = 0; done < 1000; done++) {
      time += 1;
      progress.show({ type: "progress", id: "a", stage: "copying", done });
    }
    progress.stop();
    expect(target.writes.length).toBeLessThanOrEqual(12);
  });

  it("puts other talk above what is being drawn", () => {
    const target = screen();
    const progress = terminalProgress(target, { colors });
    progress.show({ type: "progress", id: "a", stage: "copying", done: 1 });
    progress.print("warning: watch out\n");
    expect(shown(target.writes)).toEqual(["warning: watch out", "  [....................] copying a 1 B"]);
    progress.stop();
  });

  it("never draws more lines than a small terminal has, nor wider than it is", () => {
    const target = screen(40);
    let time = 0;
    const progress = terminalProgress(target, { colors, now: () => (time += 1000) });
    for (let i = 0; i < 30; i++)
      progress.show({ type: "progress", id: `${i}-${"x".repeat(99)}`, stage: "copying", done: i });
    const lines = shown(target.writes);
    expect(lines.length).toBe(9);
    expect(lines.at(-1)).toBe("… and 22 more");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40);
    progress.stop();
  });

  it("does not let a name move the cursor or forge a line", () => {
    const target = screen();
    const progress = terminalProgress(target, { colors });
    progress.show({ type: "progress", id: "evil\u001b[2A\n✓ done", stage: "copying", done: 1 });
    expect(target.writes.join("")).toContain("copying evil\\x1b[2A ✓ done");
    progress.stop();
  });
});

describe("progress in a log", () => {
  it("says nothing of short work", () => {
    const target = screen();
    let time = 0;
    const progress = logProgress(target, { colors, now: () => time });
    for (let i = 0; i < 9; i++) {
      time += 1000;
      progress.show({ type: "progress", id: "a", stage: "copying", done: i });
    }
    progress.show({ type: "progress", id: "a", stage: "copying", done: 9, finished: true });
    expect(target.writes).toEqual([]);
  });

  it("says every ten seconds where long work stands, and when it is done", () => {
    const target = screen();
    let time = 0;
    const progress = logProgress(target, { colors, now: () => time });
    for (let i = 0; i <= 25; i++) {
      progress.show({ type: "progress", id: DIGEST, stage: "copying", done: i * 1000, total: 25_000 });
      time += 1000;
    }
    progress.show({
      type: "progress",
      id: DIGEST,
      stage: "copying",
      done: 25_000,
      total: 25_000,
      finished: true,
    });
    expect(target.writes).toEqual([
      "copying sha256:abababababab 10.0 kB of 25.0 kB\n",
      "copying sha256:abababababab 20.0 kB of 25.0 kB\n",
      "done copying sha256:abababababab 25.0 kB in 26.0 s\n",
    ]);
  });
});
