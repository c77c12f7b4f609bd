/** verify.html from a file, with no network: the browsers' strictest place. */
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findFirefox, launchChromium } from "./browsers.ts";
import { type Samples, samples } from "./files.ts";
import { VerifierPage } from "./verifier-page.ts";

const path = fileURLToPath(new URL("../../../dist/verify.html", import.meta.url));
const url = pathToFileURL(path).href;
const firefox = findFirefox();

let files: Samples;
beforeAll(async () => {
  files = await samples();
});
afterAll(() => files?.dispose());

describe("verify.html", () => {
  test("in Chromium gives a signed bundle its verdict, and a file of it", async () => {
    const browser = await launchChromium();
    try {
      const context = await browser.newContext({ offline: true });
      const complaints: string[] = [];
      const requests: string[] = [];
      context.on("console", (message) => complaints.push(message.text()));
      context.on("request", (request) => requests.push(request.url()));
      const it = new VerifierPage(await context.newPage());
      await it.page.goto(url);
      await it.trust(files.path("release.pub"));
      await it.check(files.path("app.bundle"));
      expect(await it.word()).toBe("Verified");
      await it.row("LICENSE.txt").click();
      expect(new TextDecoder().decode((await it.save("Save LICENSE.txt")).bytes)).toBe("MIT\n");
      await it.row("linux/amd64").locator(".twist").click();
      await it.row("Layer 1").click();
      await it.page.getByRole("button", { name: "List its files" }).click();
      await it.row("bin").waitFor();
      expect(Object.keys((await it.save("Save all as a zip")).bytes).length).toBeGreaterThan(500);
      expect(await it.accessibilityProblems()).toEqual([]);
      await it.check(files.path("blob.bundle"));
      expect(await it.word()).toBe("Not verified");
      // Keys of a page from a file are for that page alone: all such pages share one database.
      await it.page.reload();
      expect(await it.page.locator(".key-list").count()).toBe(0);
      expect(requests.filter((request) => !/^(file|blob|data):/.test(request))).toEqual([]);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  }, 400_000);

  test.skipIf(!firefox)(
    "in Firefox gives a signed bundle its verdict, and a file of it",
    async () => {
      const browser = await puppeteer.launch({
        browser: "firefox",
        executablePath: firefox as string,
        headless: true,
        // A proxy that is not there: whatever is asked of a network fails.
        extraPrefsFirefox: {
          "network.proxy.type": 1,
          "network.proxy.http": "127.0.0.1",
          "network.proxy.http_port": 9,
          "network.proxy.ssl": "127.0.0.1",
          "network.proxy.ssl_port": 9,
        },
      });
      try {
        const page = await browser.newPage();
        const complaints: string[] = [];
        page.on("console", (message) => complaints.push(message.text()));
        page.on("pageerror", (error) => complaints.push(String(error)));
        await page.goto(url);
        await page.evaluate(() => {
          const make = URL.createObjectURL.bind(URL);
          URL.createObjectURL = (blob: Blob) => {
            void blob.text().then((text) => document.body.setAttribute("data-saved", text));
            return make(blob);
          };
        });
        const give = async (label: string, file: string) => {
          const input = await page.waitForSelector(`input[aria-label="${label}"]`);
          await (input as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(file);
        };
        await give("Public key file", files.path("release.pub"));
        await page.waitForSelector(".key-list li");
        await give("File to check", files.path("app.bundle"));
        await page.waitForSelector(".verdict");
        expect(await page.$eval("main h1", (heading) => heading.textContent)).toBe("Verified");
        await page.evaluate(() => {
          const rows = [...document.querySelectorAll<HTMLElement>("[role=treeitem]")];
          rows.find((row) => row.querySelector(".name")?.textContent === "LICENSE.txt")?.click();
        });
        await (await page.waitForSelector("::-p-text(Save LICENSE.txt)"))?.click();
        await page.waitForSelector("body[data-saved]");
        expect(await page.$eval("body", (body) => body.getAttribute("data-saved"))).toBe("MIT\n");
        await give("Another file to check", files.path("blob.bundle"));
        await page.waitForSelector(".outcome-failed");
        expect(complaints).toEqual([]);
      } finally {
        await browser.close();
      }
    },
    60_000,
  );

  test("needs nothing that a page from a file may lack, and names no place to load from", () => {
    const html = readFileSync(path, "utf8");
    expect(html).not.toMatch(/crypto\.subtle|importScripts|XMLHttpRequest|sendBeacon|WebSocket/);
    expect(html).not.toMatch(/<(script|link|img)[^>]+(src|href)="(?!data:)/);
    expect(html).toContain("default-src 'none'");
    expect(html).toContain("connect-src 'none'");
    expect(html).not.toContain("unsafe-inline");
  });
});
