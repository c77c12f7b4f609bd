/** The kernels against what a browser has, in each browser of this machine: Chromium, Firefox. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { type Browser, launch } from "puppeteer-core";
import { build, type Rollup } from "vite";
import type { CorpusData } from "./kernels-corpus.ts";
import { gatherData } from "./kernels-data.ts";
import type { BenchPage } from "./kernels-page.ts";
import { isInstalled } from "./measured.ts";
import type { Row } from "./row.ts";

const BROWSERS = [
  { browser: "chrome", program: "chromium", args: ["--no-sandbox", "--disable-gpu"] },
  { browser: "firefox", program: "firefox", args: [] },
] as const;

declare const benchPage: BenchPage;

export async function* bench(say: (text: string) => void, only: readonly string[] = []): AsyncGenerator<Row> {
  say("gathering data …");
  const server = await serve(gatherData(), await bundledPage());
  try {
    const { port } = server.address() as AddressInfo;
    for (const kind of BROWSERS) {
      if (!isInstalled(kind.program)) continue;
      const browser = await launch({
        browser: kind.browser,
        executablePath: pathOf(kind.program),
        args: [...kind.args],
        protocolTimeout: 600_000,
      });
      try {
        yield* benchIn(browser, `http://127.0.0.1:${port}/`, only);
      } finally {
        await browser.close();
      }
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function* benchIn(browser: Browser, url: string, only: readonly string[]): AsyncGenerator<Row> {
  const host = (await browser.version()).replace(/^Headless/, "").replace("/", " ");
  const page = await browser.newPage();
  await page.goto(url);
  const names = await page.evaluate((only) => benchPage.prepare(only), only);
  for (const name of names) yield* await page.evaluate((host, name) => benchPage.run(host, name), host, name);
}

function pathOf(program: string): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const folder = folders.find((folder) => {
    try {
      return readFileSync(join(folder, program)).length > 0;
    } catch {
      return false;
    }
  });
  return join(folder ?? "", program);
}

async function bundledPage(): Promise<string> {
  const output = (await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      lib: { entry: join(import.meta.dirname, "kernels-page.ts"), formats: ["es"], fileName: "page" },
    },
  })) as Rollup.RolldownOutput[];
  return output[0]?.output[0].code ?? "";
}

function serve({ random, texts, packed, diffId, digest }: CorpusData, script: string): Promise<Server> {
  const files: Record<string, [type: string, content: string | Uint8Array]> = {
    "/": ["text/html", '<!doctype html><title>bench</title><script type="module" src="/page.js"></script>'],
    "/page.js": ["text/javascript", script],
    "/kernels.wasm": ["application/wasm", readFileSync(join(import.meta.dirname, "../dist/kernels.wasm"))],
    "/names": ["application/json", JSON.stringify({ texts: texts.map(({ name }) => name), diffId, digest })],
    "/random": ["application/octet-stream", random.data],
  };
  for (const [kind, blobs] of Object.entries({ texts, packed })) {
    for (const [i, { data }] of blobs.entries()) files[`/${kind}/${i}`] = ["application/octet-stream", data];
  }
  const server = createServer(({ url = "" }, response) => {
    const file = files[url];
    if (!file) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": file[0] }).end(file[1]);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
