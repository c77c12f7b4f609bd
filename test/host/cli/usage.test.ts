/** What the command says of itself, and how it takes a command line that is wrong. */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Workspace } from "./cli.ts";
import { allCommands, topics } from "./help-pages.ts";

let work: Workspace;
const run = (...args: string[]) => work.run(args);

beforeAll(() => {
  work = new Workspace();
});
afterAll(() => work.dispose());

describe("help", () => {
  it("of every command fits 80 columns, has an example, and is no error", async () => {
    const commands = await allCommands(work);
    expect(commands.map((words) => words.join(" "))).toEqual(
      expect.arrayContaining(["", "process", "bundle", "bundle verify", "key generate", "serve"]),
    );
    for (const words of commands) {
      const what = words.join(" ");
      const { code, stdout, stderr } = await run(...words, "--help");
      expect(code, what).toBe(0);
      expect(stderr, what).toBe("");
      expect(stdout, what).toContain(`Usage: sealift${what && ` ${what}`} `);
      expect(stdout, what).toMatch(/\nExamples?:\n(.*\n)*? {2}\$ sealift /);
      const long = stdout.split("\n").filter((line) => [...line].length > 80);
      expect(long, what).toEqual([]);
    }
  });

  it("is what `sealift` alone prints, which is wrong usage", async () => {
    const { code, stdout, stderr } = await run();
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe((await run("--help")).stdout);
  });

  it("is what `sealift help COMMAND` prints", async () => {
    expect(await run("help", "process")).toEqual(await run("process", "--help"));
    expect(await run("bundle", "help", "verify")).toEqual(await run("bundle", "verify", "--help"));
  });

  it("of a topic fits 80 columns and about two screens, has an example, and is listed", async () => {
    const names = await topics(work);
    expect(names).toEqual(expect.arrayContaining(["schemes", "filters", "credentials"]));
    for (const name of names) {
      const { code, stdout, stderr } = await run("help", name);
      expect({ code, stderr }, name).toEqual({ code: 0, stderr: "" });
      expect(stdout, name).toMatch(/\nExamples:\n {2}\$ /);
      const lines = stdout.split("\n");
      expect(
        lines.filter((line) => [...line].length > 80),
        name,
      ).toEqual([]);
      expect(lines.length, name).toBeLessThan(50);
    }
    expect((await run("process", "--help")).stdout.split("\n").length).toBeLessThanOrEqual(60);
  });

  it("is there for every topic that a hint names", async () => {
    const names = await topics(work);
    for (const folder of ["src", "cli"]) {
      const root = new URL(`../../../${folder}/`, import.meta.url);
      for (const file of readdirSync(root, { recursive: true }).map(String)) {
        if (!file.endsWith(".ts")) continue;
        const source = readFileSync(new URL(file, root), "utf8");
        for (const [, name] of source.matchAll(/`sealift help ([a-z]+)/g))
          expect(names, file).toContain(name);
      }
    }
  });

  it("for neither command nor topic says what there is", async () => {
    expect(await run("help")).toEqual(await run("--help"));
    for (const words of [["nosuch"], ["bundle", "nosuch"], ["filters", "exclude"]]) {
      const { code, stdout, stderr } = await run("help", ...words);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain(`Cannot help with "${words.join(" ")}"`);
      expect(stderr).toContain("Topics are schemes, patterns, filters");
    }
  });

  it("names every exit code", async () => {
    const { stdout } = await run("--help");
    for (const code of [0, 1, 2, 3, 4, 5, 130]) expect(stdout).toMatch(new RegExp(`\\b${code} [a-z]`));
  });
});

it("--version prints the package's version", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  for (const flag of ["--version", "-V"])
    expect(await run(flag)).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

describe("a wrong command line", () => {
  it.each([
    ["an unknown command", ["frobnicate"], "unknown command 'frobnicate'"],
    ["an unknown verb", ["bundle", "verfy", "x"], "Did you mean verify?"],
    ["an unknown option", ["bundle", "verify", "x", "--bogus"], "unknown option '--bogus'"],
    ["a missing argument", ["process", "tar://x"], "missing required argument 'destination'"],
    ["an argument too many", ["bundle", "info", "x", "y"], "too many arguments"],
    ["a missing option", ["bundle", "build"], "required option '-f, --file <manifest>' not specified"],
    ["an option without its value", ["bundle", "build", "-f"], "argument missing"],
    ["no scheme", ["process", "app.tar", "tar://x"], "it has no scheme"],
    ["an unknown source", ["process", "ftp://x", "tar://x"], "there are registry://, tar://"],
    ["an unknown destination", ["process", "tar://x", "s3://x"], "there are registry://, tar://"],
    ["an unknown URI option", ["process", "tar://x?os=a&bogus=1", "tar://y"], 'option "bogus"'],
    [
      "an unknown filter",
      ["process", "tar://x", "tar://y", "-f", "shrink"],
      "there are normalize-timestamps",
    ],
    ["a wrong filter option", ["process", "tar://x", "tar://y", "-f", "normalize-timestamps:ts=soon"], "ts"],
    ["a wrong platform", ["process", "tar://x", "tar://y", "--platform", "linux"], "linux"],
    ["a wrong reference", ["bundle", "pull", "UPPER CASE"], "UPPER CASE"],
    ["a digest to push to", ["bundle", "push", "x", `a.b/c@sha256:${"0".repeat(64)}`], "digest"],
    ["a wrong address", ["serve", "--listen", "nowhere"], "it is not host:port"],
    ["a port that is none", ["serve", "--listen", "127.0.0.1:70000"], "it is not host:port"],
    ["a password without a user", ["bundle", "pull", "a.b/c", "--password", "x"], "--username"],
    ["a user for no registry", ["process", "tar://x", "tar://y", "--username", "u"], "names no registry"],
  ])("with %s exits with 2, says what is wrong and what to do", async (_, args, reason) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(
      /^error\[(USAGE|URI_INVALID|REFERENCE_INVALID|NAME_INVALID)\]: Cannot .+\nhint: .+\n$/,
    );
    expect(stderr).toContain(reason);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it("is told in JSON with --json", async () => {
    const { code, stdout } = await run("bundle", "verify", "--json");
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, error: { code: "USAGE" } });
  });

  it("with SOURCE_DATE_EPOCH that is no number exits with 2", async () => {
    const args = ["process", "tar://x", "tar://y", "-f", "normalize-timestamps"];
    const { code, stderr } = await work.run(args, { env: { SOURCE_DATE_EPOCH: "yesterday" } });
    expect(code).toBe(2);
    expect(stderr).toContain('"yesterday" is not a whole number of seconds');
  });
});
