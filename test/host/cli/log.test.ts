import { describe, expect, it } from "vitest";
import { leadingOptionsBehind } from "../../../cli/commands/leading-options.ts";
import { eventLog } from "../../../cli/output/events.ts";
import { createOutput, type OutputOptions } from "../../../cli/output/output.ts";
import { SealiftError } from "../../../src/error.ts";

function recorded(options: OutputOptions = {}) {
  const texts: string[] = [];
  const write = (text: string, done?: () => void) => {
    texts.push(text);
    done?.();
    return true;
  };
  const output = createOutput({ env: {}, ...options, stdout: { write: () => true }, stderr: { write } });
  return { output, lines: () => texts.join("").split("\n").slice(0, -1) };
}

describe("the log", () => {
  const messages = (options: OutputOptions) => {
    const { output, lines } = recorded(options);
    output.log({ type: "debug", message: "detail" });
    output.log({ type: "info", message: "note" });
    output.log({ type: "warning", message: "care" });
    return lines();
  };

  it("has notes and warnings, details under --verbose and --debug, warnings alone under --quiet", () => {
    expect(messages({})).toEqual(["note", "warning: care"]);
    expect(messages({ verbose: true })).toEqual(["debug: detail", "note", "warning: care"]);
    expect(messages({ debug: true })).toEqual(["debug: detail", "note", "warning: care"]);
    expect(messages({ quiet: true })).toEqual(["warning: care"]);
  });

  it("is lines of JSON under --log-format json, the failure included", async () => {
    const { output, lines } = recorded({ logFormat: "json" });
    output.log({ type: "warning", message: "two\nlines" });
    output.log({ type: "debug", message: "detail" });
    output.log({ type: "progress", id: "a", stage: "uploading", done: 5, total: 9 });
    expect(await output.failure(new SealiftError("UNREACHABLE", "Cannot pull a: gone"))).toBe(5);
    const parsed = lines().map((line) => JSON.parse(line));
    expect(parsed).toMatchObject([
      { level: "warning", message: "two\nlines" },
      { level: "info", event: "progress", id: "a", stage: "uploading", done: 5, total: 9 },
      { level: "error", error: { code: "UNREACHABLE" } },
    ]);
    expect(new Date(parsed[0].time).toISOString()).toBe(parsed[0].time);
  });

  it("tells of each work's progress at its beginning, its end and once a second between", () => {
    const said: string[] = [];
    let time = 0;
    const log = eventLog({ write: (text) => said.push(text) }, () => time);
    const tell = (done: number, finished = false) =>
      log.write({ type: "progress", id: "a", stage: "reading", done, finished });
    for (const [at, done] of [
      [0, 1],
      [400, 2],
      [999, 3],
      [1000, 4],
      [1200, 5],
    ] as const) {
      time = at;
      tell(done);
    }
    tell(6, true);
    expect(said.map((line) => JSON.parse(line).done)).toEqual([1, 4, 6]);
  });
});

describe("options before the verb", () => {
  it.each([
    [
      ["--json", "process", "a", "b"],
      ["process", "a", "b", "--json"],
    ],
    [
      ["--os", "linux", "--parallel=2", "process", "a"],
      ["process", "a", "--os", "linux", "--parallel=2"],
    ],
    [
      ["-O", "json", "-j", "3", "copy"],
      ["copy", "-O", "json", "-j", "3"],
    ],
  ])("%j are taken as if they stood behind it", (given, meant) => {
    expect(leadingOptionsBehind(given)).toEqual(meant);
  });

  it.each([
    [["--version"]],
    [["--json"]],
    [["--json", "--help"]],
    [["process", "--json"]],
    [[]],
    [["--unknown", "x"]],
  ])("%j stay as they are", (given) => {
    expect(leadingOptionsBehind(given)).toEqual(given);
  });
});
