import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createOutput, type OutputOptions } from "../../../cli/output/output.ts";
import {
  colorsFor,
  formatDuration,
  formatSize,
  outcomeMark,
  printable,
  table,
  wrapped,
} from "../../../cli/output/text.ts";
import { SealiftError } from "../../../src/error.ts";

function recorded(options: OutputOptions = {}, isTTY = false) {
  const stream = () => {
    const texts: string[] = [];
    return {
      isTTY,
      text: () => texts.join(""),
      write(text: string, done?: () => void) {
        texts.push(text);
        done?.();
        return true;
      },
    };
  };
  const [stdout, stderr] = [stream(), stream()];
  return { output: createOutput({ env: {}, ...options, stdout, stderr }), stdout, stderr };
}

const ESCAPE = "\u001b";

describe("a command's output", () => {
  it("is text for people by default, and one JSON document with its schema under --json", async () => {
    const plain = recorded();
    await plain.output.result({ digest: "sha256:…" }, () => "pushed sha256:…\n");
    expect(plain.stdout.text()).toBe("pushed sha256:…\n");
    const json = recorded({ json: true });
    await json.output.result({ digest: "sha256:…" }, () => "pushed\n");
    expect(json.stdout.text()).toBe('{\n  "schema": 1,\n  "digest": "sha256:…"\n}\n');
  });

  it("may be a list that is made as it leaves, and is the same document", async () => {
    const lists: readonly (readonly object[])[] = [
      [],
      [{ path: "a\u2028b", size: 1 }],
      [{}, { a: { b: [1, "\n"] } }, { c: "x".repeat(200_000) }],
      [
        { a: "b", list: [{ n: 1, names: ["x"], none: undefined }, {}, null] },
        { list: [], last: [[], [1]] },
      ],
    ];
    for (const files of lists) {
      const [whole, listed, lines] = [recorded({ json: true }), recorded({ json: true }), recorded()];
      await whole.output.result({ files }, () => "");
      await listed.output.list("files", files, () => []);
      expect(listed.stdout.text()).toBe(whole.stdout.text());
      await lines.output.list("files", files, (items) =>
        [...items].map((item) => `${JSON.stringify(item)}\n`),
      );
      expect(lines.stdout.text()).toBe(files.map((file) => `${JSON.stringify(file)}\n`).join(""));
    }
  });

  it("has no list of a list at once, either", async () => {
    const { output, stdout } = recorded({ json: true });
    let made = 0;
    let most = 0;
    const file = { path: "x".repeat(1 << 16) };
    const files = {
      *[Symbol.iterator]() {
        for (let count = 0; count < 20; count++) {
          made += file.path.length;
          most = Math.max(most, made - stdout.text().length);
          yield file;
        }
      },
    };
    await output.list("platforms", [{ files }, { files }], () => []);
    expect(JSON.parse(stdout.text()).platforms).toEqual(Array(2).fill({ files: Array(20).fill(file) }));
    expect(most).toBeLessThan(3 * file.path.length);
  });

  it("has an error with its code and hint on standard error, and gives the exit code", async () => {
    const { output, stdout, stderr } = recorded();
    const code = await output.failure(new SealiftError("NO_SPACE", "Cannot write a: no space left"));
    expect(code).toBe(1);
    expect(stdout.text()).toBe("");
    expect(stderr.text()).toBe(
      "error[NO_SPACE]: Cannot write a: no space left\nhint: Free some space there, or write to a larger disk.\n",
    );
  });

  it("has the error as JSON too under --json", async () => {
    const { output, stdout } = recorded({ json: true });
    expect(await output.failure(new SealiftError("DIGEST_MISMATCH", "Cannot read x: changed"))).toBe(3);
    expect(JSON.parse(stdout.text())).toMatchObject({ schema: 1, error: { code: "DIGEST_MISMATCH" } });
  });

  it("shows causes only with --debug, and survives a cause that leads to itself", async () => {
    const inner = new Error("ECONNREFUSED 127.0.0.1");
    const outer = new Error("fetch failed", { cause: inner });
    inner.cause = outer;
    const error = new SealiftError("UNREACHABLE", "Cannot reach it", { cause: outer });
    const brief = recorded();
    await brief.output.failure(error);
    expect(brief.stderr.text()).not.toContain("ECONNREFUSED");
    const long = recorded({ debug: true });
    await long.output.failure(error);
    expect(long.stderr.text()).toContain("caused by Error: fetch failed");
    expect(long.stderr.text()).toContain("ECONNREFUSED");
  });

  it("calls an interruption 130 and an unknown error a defect", async () => {
    expect(await recorded().output.failure(new DOMException("stop", "AbortError"))).toBe(130);
    const { output, stderr } = recorded();
    expect(await output.failure(new TypeError("x is undefined"))).toBe(1);
    expect(stderr.text()).toMatch(
      /^error\[INTERNAL\]: Cannot finish: x is undefined\nhint: This is a defect/,
    );
  });

  it("keeps warnings under --json and --quiet, drops notes, and tells debug only when asked", () => {
    for (const option of [{ json: true }, { quiet: true }]) {
      const { output, stderr } = recorded(option);
      output.log({ type: "warning", message: "w" });
      output.log({ type: "info", message: "i" });
      output.log({ type: "debug", message: "d" });
      output.log({ type: "progress", id: "a", stage: "s", done: 1 });
      expect(stderr.text()).toBe("warning: w\n");
    }
    const { output, stderr } = recorded({ debug: true });
    output.log({ type: "info", message: "i" });
    output.log({ type: "debug", message: "d" });
    expect(stderr.text()).toBe("i\ndebug: d\n");
  });

  it("draws progress on a terminal, but not for CI, --json or --quiet", () => {
    const event = { type: "progress", id: "a", stage: "copying", done: 1 } as const;
    const drawn = (options: OutputOptions) => {
      const { output, stderr } = recorded(options, true);
      output.log(event);
      return stderr.text();
    };
    expect(drawn({})).toContain("copying a");
    expect(drawn({ env: { CI: "true" } })).toBe("");
    expect(drawn({ json: true })).toBe("");
    expect(drawn({ quiet: true })).toBe("");
  });

  it("does not pass on a stranger's control characters", async () => {
    const { output, stderr } = recorded();
    await output.failure(new SealiftError("REGISTRY_ERROR", `Cannot push: ${ESCAPE}]0;owned\u0007`));
    expect(stderr.text()).not.toContain(ESCAPE);
  });

  it("outlives its reader quietly, and exits with its own code", () => {
    const module = JSON.stringify(fileURLToPath(new URL("../../../cli/output/output.ts", import.meta.url)));
    const script = `
      import { createOutput, outliveReaders } from ${module};
      outliveReaders();
      const output = createOutput();
      for (let i = 0; i < 100; i++) await output.result({}, () => "y".repeat(100_000) + "\\n");
      process.exitCode = 3;`;
    const result = spawnSync("bash", [
      "-c",
      '"$0" --input-type=module -e "$1" | head -c 10; exit ${PIPESTATUS[0]}',
      process.execPath,
      script,
    ]);
    expect(String(result.stdout)).toBe("yyyyyyyyyy");
    expect(String(result.stderr)).toBe("");
    expect(result.status).toBe(3);
  });

  it.skipIf(!existsSync("/dev/full"))("says that there is no space for the result", () => {
    const module = JSON.stringify(fileURLToPath(new URL("../../../cli/output/output.ts", import.meta.url)));
    const script = `
      import { createOutput, outliveReaders } from ${module};
      outliveReaders();
      const output = createOutput();
      process.exitCode = await output.result({}, () => "y").catch((error) => output.failure(error));`;
    const result = spawnSync("sh", [
      "-c",
      '"$0" --input-type=module -e "$1" > /dev/full',
      process.execPath,
      script,
    ]);
    expect(String(result.stderr)).toMatch(/^error\[NO_SPACE\]: Cannot print the result: /);
    expect(result.status).toBe(1);
  });
});

describe("text for people", () => {
  it("has sizes in decimal units that never read 1000.0", () => {
    const sizes = [0, 999, 1000, 121_487_360, 999_949, 999_950, 2e9, 5e18];
    expect(sizes.map(formatSize)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "121.5 MB",
      "999.9 kB",
      "1.0 MB",
      "2.0 GB",
      "5000.0 PB",
    ]);
  });

  it("has durations in seconds, then minutes", () => {
    expect([40, 1234, 59_900, 125_000].map(formatDuration)).toEqual([
      "0.0 s",
      "1.2 s",
      "59.9 s",
      "2 min 5 s",
    ]);
  });

  it("has columns that line up, colours aside", () => {
    const colors = colorsFor({ isTTY: true }, {});
    expect(
      table(
        [
          ["a", "1"],
          ["bbb", "22"],
        ],
        [1],
      ),
    ).toBe("a     1\nbbb  22\n");
    const marked = table([
      [outcomeMark("pass", colors), "x"],
      ["longer than it", "y"],
    ]);
    expect(marked.replaceAll(new RegExp(`${ESCAPE}\\[\\d+m`, "g"), "")).toBe(
      "✓ pass          x\nlonger than it  y\n",
    );
  });

  it("breaks between words where a line would be too long, colours aside", () => {
    const colors = colorsFor({ isTTY: true }, {});
    expect(wrapped("one two three four", 9, 2)).toBe("one two\n  three\n  four");
    expect(wrapped(" x  aligned  text here", 18, 4)).toBe(" x  aligned  text\n    here");
    expect(wrapped("averyveryverylongword b", 10, 0)).toBe("averyveryverylongword\nb");
    expect(wrapped(`${colors.red("red")} ${colors.red("red")}`, 7, 0)).not.toContain("\n");
    expect(wrapped("as it is", Number.POSITIVE_INFINITY, 2)).toBe("as it is");
  });

  it("is coloured on a terminal only, unless the environment says otherwise", () => {
    const red = (stream: object, env: Record<string, string>) => colorsFor(stream, env).red("x") !== "x";
    expect(red({ isTTY: true }, {})).toBe(true);
    expect(red({ isTTY: false }, {})).toBe(false);
    expect(red({ isTTY: true }, { NO_COLOR: "1" })).toBe(false);
    expect(red({ isTTY: true }, { TERM: "dumb" })).toBe(false);
    expect(red({}, { FORCE_COLOR: "1" })).toBe(true);
  });

  it("shows control and bidirectional characters as their codes, and keeps other writing", () => {
    expect(printable("a\u001b[31mb\u202ec\u0007\r日本é\n\t")).toBe("a\\x1b[31mb\\u202ec\\x07\\x0d日本é\n\t");
  });
});
