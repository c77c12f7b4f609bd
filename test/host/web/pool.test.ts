/** The browser's worker pool in Chromium: the contract's checks in a page, and what only browsers have. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { build, type Rollup } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadKernels } from "../../../cli/host/kernels.ts";
import { mixture, runCodec } from "../../contract/kernels-input.ts";
import { poolChecks } from "../../contract/pool/checks.ts";
import type { PoolPage } from "../../contract/pool/page.ts";
import { launchChromium } from "./browsers.ts";

declare const poolPage: PoolPage;

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

let server: Server;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  const files = await builtPage();
  files.set("/", '<!doctype html><script type="module" src="/page.js"></script>');
  for (const name of ["kernels.wasm", "zstd-encoder.wasm"]) {
    files.set(`/${name}`, readFileSync(at(`dist/${name}`)));
  }
  server = createServer(({ url = "" }, response) => {
    const file = files.get(url);
    if (file === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": typeOf(url) }).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = await launchChromium();
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction(() => "poolPage" in globalThis);
}, 400_000);
afterAll(async () => {
  await browser?.close();
  server?.close();
});

describe("the browser's pool keeps the pool's contract", () => {
  const names = [...poolChecks(() => Promise.reject(new Error("in the page only"))).keys()];
  test.each(names)("%s", async (name) => {
    await page.evaluate((name) => poolPage.run(name), name);
  });

  test("every check of it", async () => {
    expect(await page.evaluate(() => poolPage.names())).toEqual(names);
  });
});

describe("the browser's pool", () => {
  let expected: string;
  beforeAll(async () => {
    const bytes = runCodec((await loadKernels()).gzip(), [mixture(3 << 20, 61)]);
    expected = createHash("sha256").update(bytes).digest("hex");
  });

  test("starts the page's own worker, and gives Node's bytes", async () => {
    const result = await page.evaluate(() => poolPage.compress());
    expect(result).toEqual({ workers: 2, digest: expected });
  });

  test("starts a worker from its text, as a page from a file has it", async () => {
    const text = await builtWorker();
    const result = await page.evaluate((text) => poolPage.compressFromText(text), text);
    expect(result).toEqual({ workers: 2, digest: expected });
  });

  test("does without workers where none can be loaded", async () => {
    const result = await page.evaluate(() => poolPage.compressWithout());
    expect(result).toEqual({ workers: 0, digest: expected });
  });
});

/** The page's files by their paths. */
async function builtPage(): Promise<Map<string, string | Uint8Array>> {
  const output = await outputOf({
    worker: { format: "es" },
    build: {
      write: false,
      rolldownOptions: { input: at("test/contract/pool/page.ts"), output: { entryFileNames: "page.js" } },
    },
  });
  return new Map(
    output.map((file) => [`/${file.fileName}`, file.type === "chunk" ? file.code : file.source]),
  );
}

async function builtWorker(): Promise<string> {
  const input = at("web/worker/pool.worker.ts");
  const [worker] = await outputOf({
    build: { write: false, rolldownOptions: { input, output: { format: "iife" } } },
  });
  return worker?.type === "chunk" ? worker.code : "";
}

async function outputOf(config: Parameters<typeof build>[0]): Promise<Rollup.RolldownOutput["output"]> {
  const result = await build({ configFile: false, logLevel: "error", ...config });
  return (result as Rollup.RolldownOutput).output;
}

function typeOf(url: string): string {
  if (url === "/") return "text/html";
  return url.endsWith(".wasm") ? "application/wasm" : "text/javascript";
}
