/** The page on a bundle of 3 GB: how long until it is listed and verified, whether it answers meanwhile, what memory it takes. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { nodeHost } from "../cli/host/host.ts";
import { pageFiles } from "../cli/host/page.ts";
import { serve } from "../cli/host/serve.ts";
import { createApp } from "../edge/app.ts";
import { buildBundle } from "../src/bundle/build.ts";
import { verifyBundle } from "../src/bundle/verify.ts";
import { writeBundle } from "../src/bundle/write.ts";
import { memoryStore } from "../src/store/memory.ts";
import { launchChromium } from "../test/host/web/browsers.ts";
import { type Row, row } from "./row.ts";

/** Bytes of the one large file in it, and of a small one to compare with. */
const SIZES = [
  { name: "1 GB", bytes: 1_000_000_000 },
  { name: "3 GB", bytes: 3_000_000_000 },
] as const;

/** Linux only: memory comes from /proc. Needs 3 GB of temporary space, for some minutes. */
export async function* bench(say: (text: string) => void): AsyncGenerator<Row> {
  const folder = mkdtempSync(join(tmpdir(), "sealift-bench-page-"));
  try {
    for (const size of SIZES) yield* benchSize(folder, size, say);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function* benchSize(
  folder: string,
  { name, bytes }: (typeof SIZES)[number],
  say: (text: string) => void,
): AsyncGenerator<Row> {
  say(`making a bundle of ${name} …`);
  const path = await generateBundle(folder, bytes);
  const figures = await measurePage(path, say);
  const rowOf = (unit: string, what: string, value: number, peer?: { name: string; value: number }) =>
    row({ bench: "page", case: `${what}, bundle of ${name}`, unit }, value, peer);
  yield rowOf("s", "opened and listed", figures.listed);
  yield rowOf("s", "verified", figures.verified, { name: "sealift in Node", value: await inNode(path) });
  yield rowOf("ms", "longest task of the page's thread", figures.longestTask);
  yield rowOf("ms", "slowest answer to a key press", figures.slowestKey);
  yield rowOf("MB", "renderer's peak memory above idle", figures.memory);
  rmSync(path);
}

/** A bundle of one file that takes no space before it is packed. */
async function generateBundle(folder: string, bytes: number): Promise<string> {
  const host = await nodeHost();
  const payload = join(folder, "payload");
  const hole = openSync(payload, "w");
  ftruncateSync(hole, bytes);
  closeSync(hole);
  const definition = join(folder, "big.sealift.yml");
  const writer = await host.files.createFile(definition);
  const text = `apiVersion: sealift.dev/v1\nkind: Manifest\nmetadata:\n  name: big\nartifacts:\n  - name: payload\n    origin: local://./payload\n    target: payload\n`;
  await writer.write(new TextEncoder().encode(text));
  await writer.commit();
  const path = join(folder, "big.bundle");
  await writeBundle(await buildBundle(definition, host), await host.files.createFile(path), host);
  rmSync(payload);
  await host.dispose();
  return path;
}

async function inNode(path: string): Promise<number> {
  const host = await nodeHost();
  const start = performance.now();
  const verdict = await verifyBundle(await host.files.open(path), host);
  if (verdict.outcome !== "intact") throw new Error(verdict.sentence);
  return (performance.now() - start) / 1000;
}

interface Figures {
  readonly listed: number;
  readonly verified: number;
  readonly longestTask: number;
  readonly slowestKey: number;
  readonly memory: number;
}

async function measurePage(path: string, say: (text: string) => void): Promise<Figures> {
  const page = await pageFiles();
  if (!page) throw new Error("the page was not built: npm run build");
  const { kernels } = await nodeHost();
  const store = memoryStore(kernels, (length) => crypto.getRandomValues(new Uint8Array(length)));
  const served = await serve(createApp({ store, kernels, page }), { host: "127.0.0.1", port: 0 });
  const browser = await launchChromium();
  try {
    const tab = await browser.newPage();
    await tab.addInitScript(() => {
      const tasks: number[] = [];
      Object.assign(globalThis, { tasks });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration);
      }).observe({ type: "longtask", buffered: true });
    });
    await tab.goto(served.url);
    await tab.waitForTimeout(1000);
    return await measureFile(tab, path, say);
  } finally {
    await browser.close();
    await served.close();
  }
}

async function measureFile(tab: Page, path: string, say: (text: string) => void): Promise<Figures> {
  const idle = rendererMemory();
  let peak = idle;
  const sampler = setInterval(() => {
    peak = Math.max(peak, rendererMemory());
  }, 200);
  const start = performance.now();
  const since = () => (performance.now() - start) / 1000;
  await tab.getByLabel("File to check").setInputFiles(path);
  await tab.getByRole("tree").waitFor();
  const listed = since();
  const judged = tab.locator(".verdict").waitFor({ timeout: 600_000 }).then(since);
  let verified: number | undefined;
  void judged.then((seconds) => {
    verified = seconds;
  });
  let slowestKey = 0;
  do {
    slowestKey = Math.max(slowestKey, await keyLatency(tab));
    await tab.waitForTimeout(100);
  } while (verified === undefined);
  clearInterval(sampler);
  const longestTask = await tab.evaluate(() =>
    Math.max(0, ...(globalThis as unknown as { tasks: number[] }).tasks),
  );
  say(
    `  listed ${listed.toFixed(2)} s, verified ${(await judged).toFixed(1)} s, peak ${(peak - idle).toFixed(0)} MB above ${idle.toFixed(0)} MB`,
  );
  return { listed, verified: await judged, longestTask, slowestKey, memory: peak - idle };
}

/** From a key press in the tree to the frame after the page has answered it. */
function keyLatency(tab: Page): Promise<number> {
  return tab.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const start = performance.now();
        const key = new KeyboardEvent("keydown", { key: "End", bubbles: true });
        document.querySelector("[role=tree]")?.dispatchEvent(key);
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
      }),
  );
}

/** Megabytes of the largest renderer that this process's browser runs. */
function rendererMemory(): number {
  const sizes = readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--type=renderer")) return [];
      if (!isOurs(pid)) return [];
      const [, kib = "0"] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
      return [(Number(kib) * 1024) / 1e6];
    } catch {
      return [];
    }
  });
  return Math.max(0, ...sizes);
}

/** Whether a process descends from this one: others may run browsers as well. */
function isOurs(pid: string): boolean {
  for (let at = pid; at !== "0" && at !== "1"; ) {
    if (Number(at) === process.pid) return true;
    const [, parent] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${at}/status`, "utf8")) ?? [];
    if (!parent) return false;
    at = parent;
  }
  return false;
}
