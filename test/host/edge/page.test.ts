import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createApp } from "../../../edge/app.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { memoryStore } from "../../../src/store/memory.ts";

const FILES: Readonly<Record<string, readonly [type: string, body: string]>> = {
  "/": ["text/html; charset=utf-8", "<!doctype html><title>page</title>"],
  "/assets/index-Ab3_9-xY.js": ["text/javascript", "1"],
  "/assets/sw.js": ["text/javascript", "2"],
};

async function appWithPage() {
  const kernels = await fallbackKernels();
  const store = memoryStore(kernels, (length) => new Uint8Array(randomBytes(length)));
  return createApp({
    store,
    kernels,
    page: async (path) => {
      const [type, body] = FILES[path] ?? [];
      return type ? new Response(body ?? "", { headers: { "Content-Type": type } }) : undefined;
    },
  });
}

describe("the page", () => {
  test("stands at / and may run only what came with it", async () => {
    const response = await (await appWithPage()).request("/");
    expect(await response.text()).toContain("<title>page</title>");
    const policy = response.headers.get("Content-Security-Policy") ?? "";
    expect(policy.split("; ")).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
      ]),
    );
    expect(policy).not.toMatch(/'unsafe-|https?:|\*/);
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(response.headers.get("Referrer-Policy")).toBe("no-referrer");
    expect(response.headers.get("Cache-Control")).toBe("no-cache");
  });

  test("has assets that never change, but for the service worker, which may control all of it", async () => {
    const app = await appWithPage();
    const script = await app.request("/assets/index-Ab3_9-xY.js");
    expect(script.headers.get("Cache-Control")).toContain("immutable");
    // A worker obeys the policy it came with.
    expect(script.headers.get("Content-Security-Policy")).toContain("'wasm-unsafe-eval'");
    const worker = await app.request("/assets/sw.js");
    expect(worker.headers.get("Cache-Control")).toBe("no-cache");
    expect(worker.headers.get("Service-Worker-Allowed")).toBe("/");
  });

  test("leaves what the registry holds at /repositories, and other paths to it", async () => {
    const app = await appWithPage();
    expect(await (await app.request("/repositories")).text()).toContain("container registry");
    expect((await app.request("/assets/none.js")).status).toBe(404);
    expect((await app.request("/v2/")).status).toBe(200);
  });

  test("is left out where the host has none", async () => {
    const kernels = await fallbackKernels();
    const app = createApp({ kernels, store: memoryStore(kernels, (length) => new Uint8Array(length)) });
    expect(await (await app.request("/")).text()).toContain("container registry");
    expect((await app.request("/assets/index-Ab3_9-xY.js")).status).toBe(404);
  });
});
