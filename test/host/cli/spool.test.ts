import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileSpool } from "../../../cli/host/spool.ts";
import { chunksOf, drain } from "../../../src/bytes/stream.ts";
import { spoolContract } from "../../contract/spool.ts";
import { unprivileged } from "./unprivileged.ts";

spoolContract("fileSpool", () => fileSpool());

describe("fileSpool's folder", () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "spool-test-"));
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it("is made on first use, closed to others, and gone after dispose", async () => {
    const spool = fileSpool(parent);
    expect(readdirSync(parent)).toEqual([]);
    const slot = await spool.create();
    const [folder] = readdirSync(parent);
    expect(statSync(join(parent, folder as string)).mode & 0o777).toBe(0o700);
    await slot.write(new Uint8Array(5));
    await spool.dispose();
    expect(readdirSync(parent)).toEqual([]);
  });

  it("loses each slot's file with the slot", async () => {
    const spool = fileSpool(parent);
    const slot = await spool.create();
    await slot.write(new Uint8Array(3_000_000));
    await slot.close();
    await slot.dispose();
    expect(readdirSync(join(parent, readdirSync(parent)[0] as string))).toEqual([]);
    await spool.dispose();
  });

  it("cannot be made where nothing can be written: IO or NOT_FOUND, naming the place", async () => {
    await expect(fileSpool(join(parent, "absent")).create()).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("absent"),
    });
  });

  it("says that permission is missing", async () => {
    chmodSync(parent, 0o500);
    const creating = unprivileged(() => fileSpool(parent).create());
    await expect(creating).rejects.toMatchObject({
      code: "IO",
      message: expect.stringMatching(/^Cannot make a temporary folder in .*: permission denied$/),
    });
  });

  const leaveSlotOpen = (ending: string) => `
    import { fileSpool } from ${JSON.stringify(fileURLToPath(new URL("../../../cli/host/spool.ts", import.meta.url)))};
    const slot = await fileSpool(${JSON.stringify(parent)}).create();
    await slot.write(new Uint8Array(2_000_000));
    ${ending}`;
  const run = (ending: string) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", leaveSlotOpen(ending)], { encoding: "utf8" });

  it("is removed when the process exits without disposing of it", () => {
    expect(run("process.exit(0)")).toMatchObject({ status: 0, stderr: "" });
    expect(readdirSync(parent)).toEqual([]);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"])("is removed by %s, which still ends the process", (signal) => {
    const result = run(
      `process.kill(process.pid, "${signal}"); await new Promise((r) => setTimeout(r, 5000));`,
    );
    expect(result.signal).toBe(signal);
    expect(readdirSync(parent)).toEqual([]);
  });
});

const FULL = "/dev/full";
describe.skipIf(!existsSync(FULL))("fileSpool's handles", () => {
  it("are closed with their readers, finished or left", async () => {
    const open = () => readdirSync("/proc/self/fd").length;
    const spool = fileSpool();
    const slot = await spool.create();
    await slot.write(new Uint8Array(1_000_000));
    await slot.close();
    const before = open();
    await Promise.all([drain(slot.open()), drain(slot.open(10)), drain(slot.open(5, 6))]);
    for await (const _ of chunksOf(slot.open())) break;
    expect(open()).toBe(before);
    await spool.dispose();
  });
});
