/** Runs that wait for the other end of a pipe, and are told to stop. */
import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { archive, rawMember } from "../../unit/tar/raw.ts";
import { type Running, until, Workspace } from "./cli.ts";
import { dockerArchive } from "./images.ts";

let work: Workspace;

/** More than a pipe holds. */
const content = new Uint8Array(400_000).fill(7);

beforeAll(() => {
  work = new Workspace();
  writeFileSync(work.at("app.tar"), dockerArchive([archive(rawMember({ name: "big" }, content))], "app:1"));
});
afterAll(() => work.dispose());
beforeEach(() => {
  rmSync(work.at("pipe"), { force: true });
  expect(spawnSync("mkfifo", [work.at("pipe")]).status).toBe(0);
});

const INTO_PIPE = ["process", "tar://app.tar", "tar://pipe"];

/** Has a run tell when it begins to listen for SIGTERM. */
const TELLING = {
  NODE_OPTIONS: `--import=data:text/javascript,process.on('newListener',(name)=>{if(name==='SIGTERM')console.error('listening')})`,
};

function startTelling(args: readonly string[]): Running {
  return work.start(args, { env: TELLING });
}

/** Waits until the run listens, and is likely where it waits. */
async function waiting({ stderr }: Running): Promise<void> {
  await until(() => stderr().includes("listening"));
  await new Promise((resolve) => setTimeout(resolve, 700));
}

async function expectEnd(running: Running): Promise<void> {
  const { code, stderr } = await running.ended;
  expect({ code, stderr: stderr.replaceAll("listening\n", "") }).toEqual({
    code: 130,
    stderr: "error[ABORTED]: Cannot finish: it was interrupted\n",
  });
  expect(work.temporaryFiles()).toEqual([]);
  expect(readdirSync(work.path).sort()).toEqual(["app.tar", "pipe"]);
}

describe.skipIf(process.platform === "win32")("one signal ends a run that waits for", () => {
  it.each([
    ["a reader of the pipe it writes to", INTO_PIPE],
    ["a writer of the pipe it reads from", ["bundle", "build", "-f", "pipe"]],
  ])("%s", async (_, args) => {
    const running = startTelling(args);
    await waiting(running);
    running.process.kill("SIGTERM");
    await expectEnd(running);
  });

  it.each([
    ["a reader that does not read", INTO_PIPE],
    ["a writer that does not write", ["bundle", "build", "-f", "pipe"]],
  ])("%s", async (_, args) => {
    const otherEnd = openSync(work.at("pipe"), constants.O_RDWR | constants.O_NONBLOCK);
    const running = startTelling(args);
    await waiting(running);
    running.process.kill("SIGINT");
    await expectEnd(running);
    closeSync(otherEnd);
  });

  it("somebody to read its output", async () => {
    const running = startTelling(["cat", "tar://app.tar", "big"]);
    running.process.stdout?.pause();
    await waiting(running);
    running.process.kill("SIGTERM");
    running.process.once("exit", () => running.process.stdout?.resume());
    await expectEnd(running);
  });
});

describe.skipIf(process.platform === "win32")("a pipe", () => {
  it("is written to up to the last byte", async () => {
    const running = work.start(INTO_PIPE);
    const read = await readFile(work.at("pipe"));
    expect((await running.ended).code).toBe(0);
    await work.sealift(["process", "tar://app.tar", "tar://whole.tar"]);
    expect(read.equals(readFileSync(work.at("whole.tar")))).toBe(true);
  });
});
