import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadKernels, loadModule } from "../../cli/host/kernels.ts";
import { nodePool, workerCount } from "../../cli/host/pool.ts";
import { workerPool } from "../../src/kernel/worker-pool.ts";
import { mixture, runCodec } from "./kernels-input.ts";
import { packedBy } from "./pool/packed.ts";
import { poolContract } from "./pool.ts";

const script = new URL("./pool/node-worker.ts", import.meta.url);

poolContract("the pool of Node's threads", async () => {
  const module = await loadModule();
  const make = async (size: number) => nodePool(module, { size, script, worthAWorker: 0 });
  return { kernels: await loadKernels(), make };
});

describe("a pool", () => {
  const data = mixture(3 << 20, 61);
  const serial = async () => runCodec((await loadKernels()).gzip(), [data]);

  test("does without threads where none can be started", async () => {
    const absent = new URL("./pool/absent.ts", import.meta.url);
    const pool = nodePool(await loadModule(), { size: 2, script: absent, worthAWorker: 0 });
    expect((await serial()).equals(await packedBy(pool, await loadKernels(), data))).toBe(true);
    expect(await pool.start()).toBe(0);
  });

  test("does without workers where the host refuses to make one", async () => {
    const startWorker = () => {
      throw new Error("not allowed here");
    };
    const modules = { kernels: await loadModule() };
    const pool = workerPool({ size: 2, modules, startWorker, worthAWorker: 0 });
    expect((await serial()).equals(await packedBy(pool, await loadKernels(), data))).toBe(true);
    expect(await pool.start()).toBe(0);
  });

  test("starts no worker for a few hundred kilobytes, and as many as find work for many megabytes", async () => {
    let started = 0;
    const startWorker = () => {
      started++;
      throw new Error("counted, and not needed");
    };
    const pool = workerPool({ size: 2, modules: { kernels: await loadModule() }, startWorker });
    await packedBy(pool, await loadKernels(), data.subarray(0, 500_000));
    expect(started).toBe(0);
    await packedBy(pool, await loadKernels(), mixture(5 << 20, 62));
    expect(started).toBe(1);
  });

  test("starts workers for what is expected to be large before any of it is there, none for what is small", async () => {
    const started = async (bytes: number) => {
      let count = 0;
      const startWorker = () => ({ post() {}, end: () => count++ });
      const pool = workerPool({ size: 2, modules: { kernels: await loadModule() }, startWorker });
      pool.expect(bytes);
      await pool.dispose();
      return count;
    };
    expect(await started(1 << 20)).toBe(0);
    expect(await started(50 << 20)).toBe(2);
  });
});

describe("threads", () => {
  const program = (ending: string) => `
    import { loadModule } from ${path("../../cli/host/kernels.ts")};
    import { nodePool } from ${path("../../cli/host/pool.ts")};
    const pool = nodePool(await loadModule(), { size: 2, worthAWorker: 0 });
    const line = pool.open("deflate");
    line.push({ level: 6, bytes: new Uint8Array(1000), dictionary: 0, last: true });
    ${ending}`;
  const path = (file: string) => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
  const run = (ending: string) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", program(ending)], {
      encoding: "utf8",
      timeout: 100_000,
    });

  test("that are idle let the process end; one at work is waited for", () => {
    const ending = "console.log((await line.next()).length, await pool.start());";
    expect(run(ending)).toMatchObject({ status: 0, stdout: "1000 2\n", stderr: "" });
  });

  test("do not keep an exit from happening", () => {
    expect(run("await pool.start(); process.exit(7);")).toMatchObject({ status: 7, stderr: "" });
  });
});

describe("SEALIFT_WORKERS", () => {
  test("sets how many; without it they are no more than run at once, and 8 at most", () => {
    expect(workerCount({ SEALIFT_WORKERS: "3" })).toBe(3);
    expect(workerCount({ SEALIFT_WORKERS: "0" })).toBe(0);
    expect(workerCount({ SEALIFT_WORKERS: "" })).toBe(workerCount({}));
    expect(workerCount({})).toBeLessThanOrEqual(8);
    expect(workerCount({})).not.toBe(1);
  });

  test.each(["two", "-1", "1.5", "4000"])("%j is wrong usage", (SEALIFT_WORKERS) => {
    expect(() => workerCount({ SEALIFT_WORKERS })).toThrow(`"${SEALIFT_WORKERS}" is not a number of workers`);
  });
});
