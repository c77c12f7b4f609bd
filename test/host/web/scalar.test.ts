/** A browser whose WebAssembly has no vectors: it refuses the first build of the kernels, and gets the other. */
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Served } from "../../../cli/host/serve.ts";
import { launchChromium } from "./browsers.ts";
import { type Samples, samples } from "./files.ts";
import { servedPage } from "./served.ts";
import { VerifierPage } from "./verifier-page.ts";

const at = (path: string) => fileURLToPath(new URL(`../../../dist/${path}`, import.meta.url));

/** V8 needs these instructions for vectors, and does without vectors where it is told they are missing. */
const WITHOUT_VECTORS = "--js-flags=--no-enable-ssse3 --no-enable-sse4-1";

describe.skipIf(process.arch !== "x64")("without vectors", () => {
  let files: Samples;
  let served: Served;
  let browser: Browser;
  beforeAll(async () => {
    [files, served, browser] = await Promise.all([samples(), servedPage(), launchChromium(WITHOUT_VECTORS)]);
  }, 400_000);
  afterAll(async () => {
    await browser?.close();
    await served?.close();
    files?.dispose();
  });

  test.each([
    ["the page", () => served.url],
    ["verify.html", () => pathToFileURL(at("verify.html")).href],
  ])("%s gives verdicts all the same", async (_, url) => {
    const page = await browser.newPage();
    const kernels = readFileSync(at("kernels.wasm")).toString("base64");
    const accepted = await page.evaluate(
      (base64) => WebAssembly.validate(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))),
      kernels,
    );
    expect(accepted).toBe(false);
    await page.goto(url());
    const it = new VerifierPage(page);
    await it.trust(files.path("release.pub"));
    await it.check(files.path("app.bundle"));
    expect(await it.word()).toBe("Verified");
    await it.check(files.path("blob.bundle"));
    expect(await it.word()).toBe("Not verified");
  });
});
