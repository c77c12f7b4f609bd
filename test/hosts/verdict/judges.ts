/** Everyone who gives verdicts: the command, the core in workerd, the page, and verify.html from a file. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import type { Verdict } from "../../../src/trust/verdict.ts";
import { Workspace } from "../../host/cli/cli.ts";
import { launchChromium } from "../../host/web/browsers.ts";
import { servedPage } from "../../host/web/served.ts";
import { VerifierPage } from "../../host/web/verifier-page.ts";
import { startTestWorker } from "../workerd.ts";

export interface Judge {
  /** The verdict on the file at a path, for the keys at theirs. */
  judge(file: string, keys: readonly string[]): Promise<Verdict>;
  close(): Promise<void>;
}

export async function command(): Promise<Judge> {
  const work = new Workspace();
  return {
    async judge(file, keys) {
      const trusted = keys.flatMap((key) => ["--key", key]);
      const { stdout, stderr } = await work.run(["bundle", "verify", file, ...trusted, "--json"]);
      if (stderr) throw new Error(stderr);
      return JSON.parse(stdout);
    },
    close: () => work.dispose(),
  };
}

export async function coreInWorkerd(): Promise<Judge> {
  const worker = await startTestWorker(new URL("worker.ts", import.meta.url));
  return {
    async judge(file, keys) {
      const body = new FormData();
      body.set("file", new Blob([readFileSync(file)]), basename(file));
      for (const key of keys) body.append("key", readFileSync(key, "utf8"));
      const response = await fetch(worker.url, { method: "POST", body });
      if (!response.ok) throw new Error(await response.text());
      return (await response.json()) as Verdict;
    },
    close: () => worker.close(),
  };
}

export async function servedVerifier(): Promise<Judge> {
  const served = await servedPage();
  const browser = await launchChromium();
  return pageJudge(browser, served.url, () => served.close());
}

export async function verifierFile(): Promise<Judge> {
  const path = fileURLToPath(new URL("../../../dist/verify.html", import.meta.url));
  return pageJudge(await launchChromium(), `file://${path}`, async () => {});
}

function pageJudge(browser: Browser, url: string, closeServer: () => Promise<void>): Judge {
  /** By the keys it trusts: keys stay with a page, files do not. */
  const pages = new Map<string, Promise<VerifierPage>>();
  const opened = async (keys: readonly string[]) => {
    const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
    const verifier = new VerifierPage(await context.newPage());
    await verifier.page.goto(url);
    for (const key of keys) await verifier.trust(key);
    return verifier;
  };
  return {
    async judge(file, keys) {
      const id = keys.join("\n");
      const page = pages.get(id) ?? opened(keys);
      pages.set(id, page);
      await (await page).check(file);
      return (await page).verdict();
    },
    async close() {
      await browser.close();
      await closeServer();
    },
  };
}
