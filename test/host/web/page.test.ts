import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Served } from "../../../cli/host/serve.ts";
import { extractBundle } from "../../../src/bundle/extract.ts";
import { verifyBundle } from "../../../src/bundle/verify.ts";
import { verifyFile } from "../../../src/bundle/verify-file.ts";
import { bytesSlices } from "../../../src/bytes/slices.ts";
import { KEY } from "../../unit/bundle/fixture.ts";
import { launchChromium } from "./browsers.ts";
import { FLIPS, type Samples, samples } from "./files.ts";
import { hostileBundle } from "./hostile.ts";
import { servedPage } from "./served.ts";
import { VerifierPage } from "./verifier-page.ts";

/** What the test puts into the page's worker. */
interface WorkerScope {
  postMessage(message: { readonly progress?: { readonly stage: string } }): void;
  isReading: Promise<void>;
  change(): void;
}

/** A file of the browser's own, as the test counts what is written to it. */
interface Writable {
  write(bytes: Uint8Array, options: object): number;
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

let files: Samples;
let served: Served;
let browser: Browser;
beforeAll(async () => {
  [files, served, browser] = await Promise.all([samples(), servedPage(), launchChromium()]);
}, 400_000);
afterAll(async () => {
  await browser?.close();
  await served?.close();
  files?.dispose();
});

let context: BrowserContext;
let it: VerifierPage;
let requests: string[];
let complaints: string[];
beforeEach(async () => {
  context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  requests = [];
  complaints = [];
  context.on("request", (request) => requests.push(request.url()));
  context.on("console", (message) => {
    if (message.type() !== "log") complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.violatedDirective}`),
    );
    // A folder to pick that needs no window to pick it in; the interface is the same.
    Object.assign(globalThis, {
      showDirectoryPicker: async () =>
        (await navigator.storage.getDirectory()).getDirectoryHandle("picked", { create: true }),
    });
  });
  const page = await context.newPage();
  await page.goto(served.url);
  it = new VerifierPage(page);
});
afterEach(async () => {
  await context.close();
  // Whatever a test did: nothing was asked of anyone else, no rule of the policy was hit, nothing went wrong unheard.
  const elsewhere = requests.filter((url) => !url.startsWith(`${served.url}/`) && !/^(blob|data):/.test(url));
  expect(elsewhere).toEqual([]);
  expect(complaints).toEqual([]);
});

describe("a verdict", () => {
  test("of a signed bundle and a pasted key is the one that Node gives", async () => {
    await it.check(files.path("app.bundle"));
    expect(await it.word()).toBe("Intact, signature not checked");
    await it.page.getByRole("button", { name: "Paste a key" }).click();
    await it.page
      .getByLabel("Public key", { exact: true })
      .fill(readFileSync(files.path("release.pub"), "utf8"));
    await it.page.getByLabel("Whose it is").fill("Release team");
    await it.page.getByRole("button", { name: "Trust this key" }).click();
    await it.page.locator(".outcome-verified").waitFor();
    const verdict = await it.verdict();
    expect(verdict).toEqual(
      await verifyBundle(bytesSlices(files.bytes), files.host, { keys: [KEY.publicKey] }),
    );
    expect(await it.page.locator(".facts").textContent()).toContain("Release team");
    // Removed, it counts no more.
    await it.page.getByRole("button", { name: "Remove Release team" }).click();
    await it.page.locator(".outcome-intact").waitFor();
  });

  test("tells an unknown key from no signature", async () => {
    await it.trust(files.path("other.pub"));
    await it.check(files.path("app.bundle"));
    expect(await it.word()).toBe("Not trusted");
    expect(await it.verdict()).toMatchObject({ signature: "unknown-key" });
    await it.check(files.path("unsigned.bundle"));
    expect(await it.verdict()).toMatchObject({ signature: "unsigned", outcome: "untrusted" });
    expect(await it.page.getByRole("button", { name: /^Save all/ }).count()).toBe(0);
  });

  test("of a bundle with a changed byte, wherever it is, lets nothing out", async () => {
    await it.trust(files.path("release.pub"));
    for (const part of FLIPS) {
      await it.check(files.path(`${part}.bundle`));
      expect.soft(await it.word(), part).toBe("Not verified");
      const saves = it.page.getByRole("button", { name: /^Save / }).and(it.page.locator(":enabled"));
      expect.soft(await saves.count(), part).toBe(0);
    }
  });

  test("of a file that changes while it is read has none, and says why", async () => {
    const path = files.write("changing.bundle", readFileSync(files.path("app.bundle")));
    const worker = it.page.workers()[0] ?? (await it.page.waitForEvent("worker"));
    // The examination's first read waits until the file is another.
    await worker.evaluate(() => {
      const scope = globalThis as unknown as WorkerScope;
      const { postMessage } = globalThis;
      const { arrayBuffer } = Blob.prototype;
      const isChanged = new Promise<void>((resolve) => {
        scope.change = resolve;
      });
      scope.isReading = new Promise((resolve) => {
        scope.postMessage = (message) => {
          postMessage(message);
          if (message.progress?.stage !== "Verifying") return;
          Blob.prototype.arrayBuffer = async function () {
            resolve();
            await isChanged;
            return arrayBuffer.call(this);
          };
        };
      });
    });
    await it.give(path);
    await worker.evaluate(() => (globalThis as unknown as WorkerScope).isReading);
    appendFileSync(path, "more");
    await worker.evaluate(() => (globalThis as unknown as WorkerScope).change());
    await it.page.locator(".verdict, .card.failed").waitFor();
    expect(await it.word()).toBe("No verdict");
    const said = (await it.page.locator(".card.failed").textContent()) ?? "";
    expect(said).toContain("it was changed, moved or removed while it was read");
    expect(said).toContain("Choose it again.");
  });

  test("of what was compressed unpacks it in few writes, each of which the browser is asked for", async () => {
    const worker = it.page.workers()[0] ?? (await it.page.waitForEvent("worker"));
    await worker.evaluate(() => {
      const written: number[] = [];
      Object.assign(globalThis, { written });
      const handle = (globalThis as unknown as { FileSystemSyncAccessHandle: { prototype: Writable } })
        .FileSystemSyncAccessHandle.prototype;
      const { write } = handle;
      handle.write = function (bytes, options) {
        written.push(bytes.length);
        return write.call(this, bytes, options);
      };
    });
    const MIB = 1024 * 1024;
    await it.check(files.write("zeros.gz", gzipSync(new Uint8Array(4 * MIB + 5))));
    expect(await it.word()).toBe("Not verified");
    const written = await worker.evaluate(() => (globalThis as unknown as { written: number[] }).written);
    expect(written).toEqual([MIB, MIB, MIB, MIB, 5]);
  });

  test("of what is none of these says so", async () => {
    await it.check(files.write("notes.txt", "nothing to see"));
    expect(await it.word()).toBe("Not verified");
    expect(await it.page.locator(".sentence").textContent()).toContain(
      "neither a bundle, nor an OCI archive",
    );
  });
});

describe("keys", () => {
  test("are kept by the browser, and may be dropped anywhere", async () => {
    const pem = readFileSync(files.path("release.pub"), "utf8");
    await it.page.evaluate((content) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([content], "release.pub"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }, pem);
    await it.page.getByText("release.pub", { exact: true }).waitFor();
    await it.page.reload();
    await it.page.getByText("release.pub", { exact: true }).waitFor();
    await it.check(files.path("app.bundle"));
    expect(await it.word()).toBe("Verified");
  });

  test("that are private or none are refused, with a word on what to give", async () => {
    const pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n";
    await it.page.getByLabel("Public key file").setInputFiles(files.write("private.key", pem));
    await it.page.getByRole("alert").waitFor();
    expect(await it.page.locator(".key-list").count()).toBe(0);
  });
});

describe("the contents", () => {
  test("are a tree that the keyboard walks", async () => {
    await it.check(files.path("app.bundle"));
    expect((await it.rows()).slice(0, 5)).toEqual([
      "server",
      "  linux/amd64",
      "docs",
      "  deep",
      "  index.md",
    ]);
    await it.page.getByRole("tree").focus();
    const press = async (...keys: string[]) => {
      for (const key of keys) await it.page.keyboard.press(key);
      return it.current();
    };
    expect(await press("ArrowDown")).toBe("linux/amd64");
    expect(await press("ArrowRight", "ArrowRight")).toBe("config.json");
    expect(await press("l")).toBe("Layer 1");
    expect(await press("ArrowRight")).toBe("Layer 1");
    await it.row("bin").waitFor();
    expect(await press("ArrowRight", "ArrowRight", "ArrowRight")).toBe("server");
    expect(await press("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft")).toBe("linux/amd64");
    expect(await press("End")).toBe("Signature");
    expect(await press("Home")).toBe("server");
    expect(await press("i", "n", "s")).toBe("install.sh");
    // A key that moves ends the word: what is typed next is another.
    expect(await press("Home", "d")).toBe("docs");
    expect(await press("Home")).toBe("server");
    const first = it.row("server");
    expect(await first.getAttribute("aria-expanded")).toBe("true");
    await press("ArrowLeft");
    expect(await first.getAttribute("aria-expanded")).toBe("false");
  });

  test("can be saved one by one: a file, an image, a file of a layer", async () => {
    await it.check(files.path("app.bundle"));
    await it.row("LICENSE.txt").click();
    const licence = await it.save("Save LICENSE.txt");
    expect([licence.name, text(licence.bytes)]).toEqual(["LICENSE.txt", "MIT\n"]);
    await it.row("server").click();
    const image = await it.save("Save server.tar");
    const verdict = await verifyFile(bytesSlices(image.bytes), files.host);
    expect(verdict.outcome).toBe("intact");
    await it.page.getByRole("tree").focus();
    await it.page.keyboard.press("ArrowDown");
    await it.page.keyboard.press("ArrowRight");
    await it.row("Layer 2").locator(".twist").click();
    await it.row("etc").locator(".twist").click();
    await it.row("server.conf").click();
    expect(text((await it.save("Save server.conf")).bytes)).toBe("etc/server.conf");
  });

  test("of an archive compressed as a whole can be saved as well", async () => {
    await it.check(files.path("image.tar.gz"));
    await it.row("Layer 1").locator(".twist").click();
    await it.row("etc").locator(".twist").click();
    await it.row("server.conf").click();
    expect(text((await it.save("Save server.conf")).bytes)).toBe("port = 80\n");
  });

  test("can be saved all at once, as the command extracts them: in a zip and in a folder", async () => {
    await extractBundle(files.bundle, await files.host.files.createFolder("out"), files.host);
    const expected = new Map(
      [...files.host.files.files].flatMap(([path, bytes]) =>
        path.startsWith("out/") ? [[path.slice(4), Buffer.from(bytes).toString("hex")] as const] : [],
      ),
    );
    expect(expected.size).toBeGreaterThan(4);
    await it.check(files.path("app.bundle"));
    const { name, bytes } = await it.save("Save all as a zip");
    expect(name).toBe("app.zip");
    const zipped = Object.entries(unzipSync(bytes)).map(
      ([path, content]) => [path, Buffer.from(content).toString("hex")] as const,
    );
    expect(new Map(zipped)).toEqual(expected);

    await it.page.getByRole("button", { name: "Save all into a folder" }).click();
    await it.page.getByText(/were written into picked/).waitFor();
    const written = await it.page.evaluate(async () => {
      const found: [string, string][] = [];
      const read = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
        for await (const [name, handle] of folder.entries()) {
          if (handle.kind === "directory") await read(handle as FileSystemDirectoryHandle, `${path}${name}/`);
          else {
            const content = new Uint8Array(
              await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer(),
            );
            const hex = [...content].map((byte) => byte.toString(16).padStart(2, "0")).join("");
            found.push([`${path}${name}`, hex]);
          }
        }
      };
      await read(await (await navigator.storage.getDirectory()).getDirectoryHandle("picked"), "");
      return found;
    });
    expect(new Map(written)).toEqual(expected);

    // There they are now, and are not written over.
    await it.page.getByRole("button", { name: "Save all into a folder" }).click();
    await it.page.getByText(/the folder has one already/).waitFor();
  });

  test("with unsafe paths leave those out, and name them", async () => {
    await it.check(files.write("hostile.bundle", await hostileBundle()));
    expect(await it.word()).toBe("Intact but unsigned");
    const { bytes } = await it.save("Save all as a zip");
    expect(Object.keys(unzipSync(bytes))).toEqual(["docs/fine.md"]);
    const refused = await it.page.locator(".refused").textContent();
    expect(refused).toContain("3 things left out");
    for (const path of ["../evil.sh", "/etc/passwd", "C:autoexec.bat"]) expect(refused).toContain(path);
  });
});

describe("the page", () => {
  test("works when its server is gone", async () => {
    const own = await servedPage();
    const page = await context.newPage();
    await page.goto(own.url);
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
      while (!navigator.serviceWorker.controller) await new Promise((resolve) => setTimeout(resolve, 20));
    });
    await own.close();
    await page.reload();
    const offline = new VerifierPage(page);
    await offline.trust(files.path("release.pub"));
    await offline.check(files.path("app.bundle"));
    expect(await offline.word()).toBe("Verified");
    requests = requests.filter((url) => !url.startsWith(own.url));
  });

  test("comes gzipped, in less than half its size, its kernels too", async () => {
    // A context of its own: what the service worker keeps would not be asked for again.
    const fresh = await browser.newContext({ serviceWorkers: "block" });
    const coded: { path: string; coding: string | undefined; sent: number; size: number }[] = [];
    const seen: Promise<void>[] = [];
    fresh.on("requestfinished", (request) => {
      const { pathname, protocol } = new URL(request.url());
      if (protocol !== "http:") return;
      const note = async () => {
        const response = await request.response();
        const coding = (await response?.allHeaders())?.["content-encoding"];
        const { responseBodySize: sent } = await request.sizes();
        coded.push({ path: pathname, coding, sent, size: (await response?.body())?.length ?? 0 });
      };
      seen.push(note());
    });
    it = new VerifierPage(await fresh.newPage());
    await it.page.goto(served.url);
    await it.check(files.path("app.bundle"));
    expect(await it.word()).toBe("Intact, signature not checked");
    await Promise.all(seen);
    expect(coded.map(({ path }) => path.replace(/^.*\./, "."))).toEqual(
      expect.arrayContaining(["/", ".js", ".css", ".wasm"]),
    );
    expect(coded.filter(({ coding }) => coding !== "gzip")).toEqual([]);
    const total = (of: "sent" | "size") => coded.reduce((sum, file) => sum + file[of], 0);
    expect(total("sent")).toBeGreaterThan(0);
    expect(total("sent")).toBeLessThan(total("size") / 2);
    await fresh.close();
  });

  test("shows a bar and stops when told to", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    // A context of its own: what the service worker keeps would not be asked for again.
    const fresh = await browser.newContext({ serviceWorkers: "block" });
    await fresh.route("**/*.wasm", async (route) => {
      await held;
      await route.continue();
    });
    it = new VerifierPage(await fresh.newPage());
    await it.page.goto(served.url);
    await it.give(files.path("app.bundle"));
    await it.page.getByRole("heading", { name: /Opening/ }).waitFor();
    expect(await it.accessibilityProblems()).toEqual([]);
    await it.page.getByRole("button", { name: "Cancel" }).click();
    await it.page.getByRole("heading", { name: "Check what you were given" }).waitFor();
    release();
    await it.check(files.path("app.bundle"));
    expect(await it.word()).toBe("Intact, signature not checked");
    await fresh.close();
  });

  test("says that it has no verdict where its kernels cannot be loaded", async () => {
    const fresh = await browser.newContext({ serviceWorkers: "block" });
    await fresh.route("**/*.wasm", (route) => route.abort());
    it = new VerifierPage(await fresh.newPage());
    await it.page.goto(served.url);
    await it.check(files.path("app.bundle"));
    expect(await it.word()).toBe("No verdict");
    expect(await it.page.locator(".sentence").textContent()).toContain("own server does not answer");
    expect(await it.accessibilityProblems()).toEqual([]);
    await fresh.close();
  });

  test.each(["light", "dark"] as const)(
    "has nothing for axe to find, %s, in any state",
    async (colorScheme) => {
      await it.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const found = async (state: string) => ({ [state]: await it.accessibilityProblems() });
      const results = [await found("empty")];
      await it.page.getByRole("button", { name: "Paste a key" }).click();
      results.push(await found("key form"));
      await it.page.getByRole("button", { name: "Cancel" }).click();
      await it.check(files.path("app.bundle"));
      results.push(await found("intact"));
      await it.trust(files.path("release.pub"));
      await it.page.locator(".outcome-verified").waitFor();
      results.push(await found("verified"));
      await it.save("Save all as a zip");
      results.push(await found("saved"));
      await it.page.setViewportSize({ width: 360, height: 740 });
      results.push(await found("narrow"));
      expect(await it.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      await it.check(files.path("unsigned.bundle"));
      results.push(await found("not trusted"));
      await it.check(files.path("blob.bundle"));
      results.push(await found("not verified"));
      await it.check(files.write("notes.txt", "nothing"));
      results.push(await found("no archive"));
      expect(Object.assign({}, ...results)).toEqual(
        Object.fromEntries(results.flatMap(Object.keys).map((state) => [state, []])),
      );
    },
  );

  test("says the command line that does the same", async () => {
    await it.trust(files.path("release.pub"));
    await it.check(files.path("app.bundle"));
    const commands = await it.page.locator(".commands code").allTextContents();
    expect(commands).toContain("sealift bundle verify app.bundle --key release.pub");
    expect(commands).toContain("sealift bundle extract app.bundle ./app --key release.pub");
    await it.check(files.path("blob.bundle"));
    expect((await it.page.locator(".commands code").allTextContents()).join()).not.toContain("extract");
  });

  /** Only where a layer is zstd, only where the browser has no vectors; they are kept for when there is no network. */
  const LATER = /^(zstd-decoder|kernels-scalar)-/;

  test("loads less than 120 kB, compressed, kernels and all", () => {
    const folder = fileURLToPath(new URL("../../../dist/web", import.meta.url));
    const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && !LATER.test(entry.name),
    );
    const sizes = names.map(({ parentPath, name }) => gzipSync(readFileSync(join(parentPath, name))).length);
    expect(names.some(({ name }) => name.endsWith(".wasm"))).toBe(true);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(120_000);
  });
});
