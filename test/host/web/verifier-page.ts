/** The page as its user has it: what can be given to it, and what it says. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import type { Verdict } from "../../../src/trust/verdict.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export class VerifierPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Gives a file by the picker; resolves when there is a verdict, or a word on why there is none. */
  async check(path: string): Promise<void> {
    await this.give(path);
    await this.page.locator(".verdict, .card.failed").waitFor();
  }

  async give(path: string): Promise<void> {
    // The verdict before must not be taken for this file's.
    await this.page.locator(".brand").click();
    await this.page.getByLabel("File to check", { exact: true }).setInputFiles(path);
  }

  async trust(path: string): Promise<void> {
    await this.page.getByLabel("Public key file").setInputFiles(path);
    await this.page.locator(".key-list li").first().waitFor();
  }

  /** The word in large letters. */
  async word(): Promise<string> {
    return (await this.page.locator("main h1").textContent()) ?? "";
  }

  /** The verdict that "Copy the verdict as JSON" gives. */
  async verdict(): Promise<Verdict> {
    await this.page.getByRole("button", { name: "Copy the verdict as JSON" }).click();
    return JSON.parse(await this.page.evaluate(() => navigator.clipboard.readText()));
  }

  /** The tree's visible rows: level, name. */
  async rows(): Promise<string[]> {
    const rows = await this.page.locator("[role=treeitem]").all();
    return Promise.all(
      rows.map(async (row) => {
        const level = Number(await row.getAttribute("aria-level"));
        return `${"  ".repeat(level - 1)}${await row.locator(".name").textContent()}`;
      }),
    );
  }

  /** The first row of that name. */
  row(name: string) {
    return this.page
      .locator("[role=treeitem]", { has: this.page.locator(`.name:text-is("${name}")`) })
      .first();
  }

  /** The name of the row that the keyboard is at. */
  async current(): Promise<string | null> {
    const id = await this.page.getByRole("tree").getAttribute("aria-activedescendant");
    return this.page.locator(`[id="${id}"] .name`).textContent();
  }

  /** Saves the current row's thing; gives its name and bytes. */
  async save(button: string | RegExp): Promise<{ name: string; bytes: Uint8Array }> {
    const downloading = this.page.waitForEvent("download");
    await this.page.getByRole("button", { name: button }).click();
    const download = await downloading;
    return { name: download.suggestedFilename(), bytes: new Uint8Array(readFileSync(await download.path())) };
  }

  /** What axe finds, as its rules' names and the elements. */
  async accessibilityProblems(): Promise<string[]> {
    await this.page.evaluate(axe);
    return this.page.evaluate(async () => {
      // biome-ignore lint/suspicious/noExplicitAny: axe has put itself there
      const { violations } = await (globalThis as any).axe.run();
      // biome-ignore lint/suspicious/noExplicitAny: axe's own form
      return violations.flatMap(({ id, nodes }: any) => nodes.map((node: any) => `${id}: ${node.html}`));
    });
  }
}
