/** What V8 has compiled of the command is kept for the next run, by nobody but the user. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMAND, canDrop, type Options, Workspace } from "./cli.ts";
import { archiveOf, smallLayout } from "./images.ts";

let work: Workspace;
beforeAll(() => {
  work = new Workspace();
  writeFileSync(work.at("app.tar"), archiveOf(smallLayout().files));
});
afterAll(() => work.dispose());

const HOUR = 3600;
const LIST = ["ls", "oci-archive://app.tar", "--no-cache"];

const compiled = (cache: string) => work.at(cache, "sealift", "compiled");
const list = (cache: string, env: Options["env"] = {}) =>
  work.sealift(LIST, { env: { XDG_CACHE_HOME: work.at(cache), ...env } });
const kept = (cache: string) => readdirSync(compiled(cache)).sort();

/** The only file that is kept; its number changes when it is written again. */
function only(cache: string): { readonly path: string; readonly bytes: Buffer; readonly inode: number } {
  const [name = "", ...others] = kept(cache);
  expect(others).toEqual([]);
  const path = join(compiled(cache), name);
  return { path, bytes: readFileSync(path), inode: statSync(path).ino };
}

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 0x10;
  return copy;
}

describe("what was compiled", () => {
  test("lies beside the user's other caches and not among temporary files, in a folder that is the user's", async () => {
    const env = { XDG_CACHE_HOME: work.at("cache") };
    await work.sealift(LIST, { env, umask: "000" });
    expect(statSync(only("cache").path).mode & 0o077).toBe(0);
    expect(work.temporaryFiles()).toEqual([]);
    for (const folder of ["cache", "cache/sealift", "cache/sealift/compiled"])
      expect(statSync(work.at(folder)).mode & 0o077, folder).toBe(0);
  });

  test("is used by the next run, which adds nothing", async () => {
    const first = await list("again");
    const { inode } = only("again");
    expect(await list("again")).toBe(first);
    expect(only("again").inode).toBe(inode);
  });

  test("is more than what help calls, and help leaves it as it is", async () => {
    const env = { XDG_CACHE_HOME: work.at("help") };
    await work.sealift(["ls", "--help"], { env });
    const help = only("help");
    await list("help");
    const [verb = "", ...others] = kept("help").filter((name) => !help.path.endsWith(name));
    expect(others).toEqual([]);
    expect(statSync(join(compiled("help"), verb)).size).toBeGreaterThan(help.bytes.length);
    expect(readFileSync(help.path).equals(help.bytes)).toBe(true);
  });

  test("is kept for each verb", async () => {
    await list("verbs");
    const first = kept("verbs");
    await work.sealift(["info", "oci-archive://app.tar"], { env: { XDG_CACHE_HOME: work.at("verbs") } });
    expect(kept("verbs")).toHaveLength(2);
    expect(kept("verbs")).toEqual(expect.arrayContaining(first));
  });

  test("is kept of all that runs of a verb have needed, each something else", async () => {
    const env = { XDG_CACHE_HOME: work.at("parts") };
    const run = (to: string) => work.sealift(["process", "oci-archive://app.tar", to], { env });
    await run("dir://parts-1");
    await run("tar://parts-2.tar");
    const { inode } = only("parts");
    await run("dir://parts-3");
    await run("tar://parts-4.tar");
    expect(only("parts").inode).toBe(inode);
  });

  test("is kept for each set of V8's flags", async () => {
    await list("flags");
    await list("flags", { NODE_OPTIONS: "--interpreted-frames-native-stack" });
    expect(kept("flags")).toHaveLength(2);
  });

  test("is kept for each build", async () => {
    const other = work.at("other-build");
    cpSync(dirname(COMMAND), other, { recursive: true });
    const old = readFileSync(COMMAND, "utf8").match(/command-[\w-]{8}\.cjs/)?.[0] as string;
    const changedName = "command-01234567.cjs";
    const code = readFileSync(join(other, "cli", old), "utf8");
    // As long as before, which is all that V8 looks at.
    writeFileSync(join(other, "cli", changedName), code.replace('"Cannot ', '"Kannot '));
    for (const name of readdirSync(join(other, "cli"))) rename(join(other, "cli", name), old, changedName);
    rename(join(other, "cli.js"), old, changedName);
    await list("builds");
    const run = () =>
      spawnSync(process.execPath, [join(other, "cli.js"), ...LIST], {
        cwd: work.path,
        encoding: "utf8",
        env: { ...process.env, XDG_CACHE_HOME: work.at("builds") },
      });
    expect(run()).toMatchObject({ status: 0, stderr: "" });
    expect(kept("builds")).toHaveLength(2);
  });

  test("is made again where it is damaged", async () => {
    const sound = await list("damaged");
    const { path, bytes } = only("damaged");
    const half = bytes.length / 2;
    const damaged = [
      ...[100, half / 2, half - 30, half - 2, half + half / 2].map((at) => changed(bytes, Math.floor(at))),
      bytes.subarray(0, half),
      bytes.subarray(0, half + 1000),
      Buffer.alloc(bytes.length),
      Buffer.alloc(1),
      Buffer.alloc(0),
    ];
    for (const content of damaged) {
      writeFileSync(path, content);
      expect(await list("damaged")).toBe(sound);
      const mended = only("damaged").bytes;
      expect(mended.subarray(0, mended.length / 2).equals(mended.subarray(mended.length / 2))).toBe(true);
    }
  });

  test("is made again after an hour, and removed when nothing has used it for a month", async () => {
    await list("old");
    const { path, inode } = only("old");
    const gone = join(compiled("old"), "command-of-a-build-that-is-gone");
    const notOurs = join(compiled("old"), "somebody's");
    const now = Date.now() / 1000;
    utimesSync(path, now, now - 2 * HOUR);
    for (const file of [gone, notOurs]) {
      writeFileSync(file, "");
      utimesSync(file, now, now - 40 * 24 * HOUR);
    }
    await list("old");
    expect([gone, notOurs].map((file) => existsSync(file))).toEqual([false, true]);
    rmSync(notOurs);
    expect(only("old").inode).not.toBe(inode);
  });

  test.skipIf(process.platform === "win32")(
    "is not waited for where a pipe stands in its place",
    async () => {
      await list("pipe");
      const { path } = only("pipe");
      rmSync(path);
      execFileSync("mkfifo", [path]);
      await list("pipe");
      expect(statSync(path).isFile()).toBe(true);
    },
  );

  test("no folder is made in the current one where HOME is empty or relative", async () => {
    const cwd = work.at("anybody's");
    mkdirSync(cwd);
    chmodSync(cwd, 0o777);
    // The root folder would be root's home then.
    const user = canDrop ? { as: "65534" } : {};
    for (const HOME of ["", "here"]) {
      const env = { HOME, XDG_CACHE_HOME: "" };
      await work.sealift(["ls", `oci-archive://${work.at("app.tar")}`, "--no-cache"], { ...user, cwd, env });
    }
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.skipIf(process.getuid?.() !== 0)("is not used where it is somebody else's", async () => {
    await list("foreign");
    const { path, inode } = only("foreign");
    chownSync(path, 65534, 65534);
    await list("foreign");
    expect(only("foreign").inode).not.toBe(inode);
    expect(statSync(path).uid).toBe(0);
  });

  test("is whole when several write it at once", async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => list("several")));
    expect(new Set(all).size).toBe(1);
    const { inode } = only("several");
    expect(await list("several")).toBe(all[0]);
    expect(only("several").inode).toBe(inode);
  });

  test("is not kept of a run that failed", async () => {
    const env = { XDG_CACHE_HOME: work.at("failed") };
    expect(await work.run(["ls", "oci-archive://none.tar"], { env })).toMatchObject({ code: 5 });
    expect(readdirSync(work.path)).not.toContain("failed");
  });

  test("is not kept where it cannot be, and nobody hears of it", async () => {
    writeFileSync(work.at("a-file"), "");
    mkdirSync(work.at("taken/sealift"), { recursive: true });
    writeFileSync(work.at("taken/sealift/compiled"), "");
    for (const cache of ["a-file", "taken"]) {
      const result = await work.run(LIST, { env: { XDG_CACHE_HOME: work.at(cache) } });
      expect(result).toMatchObject({ code: 0, stderr: "" });
    }
  });

  test.skipIf(!canDrop)("is not kept in a folder that is not the user's to write", async () => {
    mkdirSync(work.at("read-only"), { mode: 0o755 });
    const env = { XDG_CACHE_HOME: work.at("read-only") };
    expect(await work.run(LIST, { env, as: "65534" })).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(work.at("read-only"))).toEqual([]);
  });

  test("is not kept where Node is told not to", async () => {
    await list("disabled", { NODE_DISABLE_COMPILE_CACHE: "1" });
    expect(readdirSync(work.path)).not.toContain("disabled");
  });

  test("is nothing for who asks for the version alone", async () => {
    await work.sealift(["--version"], { env: { XDG_CACHE_HOME: work.at("version") } });
    expect(readdirSync(work.path)).not.toContain("version");
  });
});

/** Puts another name for a chunk where a file speaks of it. */
function rename(path: string, from: string, to: string): void {
  writeFileSync(path, readFileSync(path, "latin1").replaceAll(from, to), "latin1");
}
