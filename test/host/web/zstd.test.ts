/** zstd in browsers: the bytes that every host writes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { build, type Rollup } from "vite";
import { beforeAll, expect, test } from "vitest";
import { ZSTD_SAMPLE_DIGEST } from "../zstd-sample.ts";
import { findFirefox, launchChromium } from "./browsers.ts";
import type { Modules } from "./zstd-page.ts";

declare const zstdDigest: (modules: Modules) => Promise<string>;

const firefox = findFirefox();
const base64 = (name: string) =>
  readFileSync(new URL(`../../../dist/${name}.wasm`, import.meta.url)).toString("base64");
const modules: Modules = {
  kernels: base64("kernels"),
  "zstd-decoder": base64("zstd-decoder"),
  "zstd-encoder": base64("zstd-encoder"),
};

let script: string;
beforeAll(async () => {
  const output = (await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      lib: { entry: join(import.meta.dirname, "zstd-page.ts"), formats: ["iife"], name: "page" },
    },
  })) as Rollup.RolldownOutput[];
  script = output[0]?.output[0].code ?? "";
});

test("Chromium writes the same zstd as every host, and reads it", async () => {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: script });
    expect(await page.evaluate((modules) => zstdDigest(modules), modules)).toBe(ZSTD_SAMPLE_DIGEST);
  } finally {
    await browser.close();
  }
});

test.skipIf(!firefox)("Firefox writes the same zstd as every host, and reads it", async () => {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: firefox as string,
    headless: true,
  });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: script });
    expect(await page.evaluate((modules) => zstdDigest(modules), modules)).toBe(ZSTD_SAMPLE_DIGEST);
  } finally {
    await browser.close();
  }
});
