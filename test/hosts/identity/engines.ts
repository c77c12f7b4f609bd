/** Where the digests are taken: every engine that is to write the same bytes. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import puppeteer from "puppeteer-core";
import { launchChromium } from "../../host/web/browsers.ts";
import { bundled } from "../bundled.ts";
import { startTestWorker } from "../workerd.ts";

export type Digests = Readonly<Record<string, string>>;

/** An engine at work. */
export interface Engine {
  /** The digests by this build of the kernels, a file's name in dist/. */
  digests(build: string): Promise<Digests>;
  close(): Promise<void>;
}

export const pathOfBuild = (build: string) =>
  fileURLToPath(new URL(`../../../dist/${build}`, import.meta.url));

/** A program that runs scripts; `args` come before the script's path. */
export async function processEngine(program: string, args: readonly string[] = []): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), "sealift-identity-"));
  const script = join(folder, "process.mjs");
  await writeFile(script, await bundled(new URL("process.ts", import.meta.url), "process"));
  const worker = await bundled(new URL("../../../cli/host/pool-worker.ts", import.meta.url), "process");
  await writeFile(join(folder, "pool-worker.js"), worker);
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  return {
    async digests(build) {
      const { stdout } = await promisify(execFile)(program, [...args, script, pathOfBuild(build)]);
      return JSON.parse(stdout);
    },
    close: () => rm(folder, { recursive: true }),
  };
}

export async function workerdEngine(): Promise<Engine> {
  const worker = await startTestWorker(new URL("worker.ts", import.meta.url));
  return {
    digests: async (build) => (await fetch(`${worker.url}/${build}`)).json() as Promise<Digests>,
    close: () => worker.close(),
  };
}

export async function chromiumEngine(): Promise<Engine> {
  const browser = await launchChromium();
  return pageEngine(await browser.newPage(), () => browser.close());
}

export async function firefoxEngine(executablePath: string): Promise<Engine> {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
  return pageEngine(await browser.newPage(), () => browser.close());
}

/** What playwright's and puppeteer's pages have in common. */
interface ScriptedPage {
  addScriptTag(options: { content: string }): Promise<unknown>;
  evaluate(
    run: (texts: readonly [kernels: string, worker: string]) => Promise<Digests>,
    texts: readonly [kernels: string, worker: string],
  ): Promise<Digests>;
}

async function pageEngine(page: ScriptedPage, close: () => Promise<void>): Promise<Engine> {
  await page.addScriptTag({ content: await bundled(new URL("page.ts", import.meta.url), "page") });
  const worker = await bundled(new URL("../../../web/worker/pool.worker.ts", import.meta.url), "page");
  return {
    async digests(build) {
      const kernels = (await readFile(pathOfBuild(build))).toString("base64");
      return page.evaluate((texts) => globalThis.digestsWith(...texts), [kernels, worker] as const);
    },
    close,
  };
}
