import { reset } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import worker from "../../../edge/host/cloudflare.ts";
import type { Bindings } from "../../../edge/host/cloudflare-bindings.ts";
import { bytesOf, hash } from "../../contract/store.ts";
import { bindings } from "./store.ts";

beforeEach(reset);

/** The worker as it would be deployed with other variables. */
const answer = (path: string, init: RequestInit, changed: Partial<Bindings>) =>
  worker.fetch(new Request(`https://mirror.example${path}`, init) as never, { ...bindings, ...changed });

describe("the worker as the template deploys it", () => {
  const send = (path: string, init?: RequestInit) =>
    (exports as unknown as { default: Fetcher }).default.fetch(`https://mirror.example${path}`, init);

  test("is a registry", async () => {
    expect((await send("/v2/")).status).toBe(200);
    const digest = hash(bytesOf("blob"));
    const pushed = await send(`/v2/a/blobs/uploads/?digest=${digest}`, { method: "POST", body: "blob" });
    expect(pushed.status).toBe(201);
    const pulled = await send(`/v2/a/blobs/${digest}`, { headers: { Range: "bytes=1-2" } });
    expect(pulled.status).toBe(206);
    expect(new TextDecoder().decode(await pulled.arrayBuffer())).toBe("lo");
  });

  test("lets no page of another origin read it", async () => {
    const response = await send("/v2/", { headers: { Origin: "https://app.example" } });
    expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
  });

  test("has every binding of the template", () => {
    expect(Object.keys(env).sort()).toEqual(expect.arrayContaining(["ASSETS", "BUCKET", "CATALOG"]));
  });
});

test.each([
  ["*", "*"],
  ["https://other.example https://app.example", "https://app.example"],
])("CORS_ORIGINS %j lets a page read it", async (CORS_ORIGINS, allowed) => {
  const response = await answer("/v2/", { headers: { Origin: "https://app.example" } }, { CORS_ORIGINS });
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe(allowed);
});

test("SPARSE_MANIFESTS takes a manifest before its layers", async () => {
  const type = "application/vnd.oci.image.manifest.v1+json";
  const blob = { mediaType: "application/x", digest: hash(bytesOf("absent")), size: 6 };
  const body = JSON.stringify({ schemaVersion: 2, mediaType: type, config: blob, layers: [blob] });
  const put = async (SPARSE_MANIFESTS: string) =>
    (
      await answer(
        "/v2/a/manifests/v1",
        { method: "PUT", body, headers: { "Content-Type": type } },
        { SPARSE_MANIFESTS },
      )
    ).status;
  expect(await put("")).toBe(404);
  expect(await put("true")).toBe(201);
});

describe("the page", () => {
  const ASSETS = {
    async fetch(url: URL, init?: RequestInit) {
      const headers = { "Content-Type": "text/html", ETag: '"known"' };
      if (new Headers(init?.headers).get("If-None-Match") === '"known"')
        return new Response(null, { status: 304, headers });
      const found = url.pathname === "/" || url.pathname === "/assets/page-01234567.js";
      return found ? new Response("the page", { headers }) : new Response("not here", { status: 404 });
    },
  } as unknown as Fetcher;

  test.each(["/", "/assets/page-01234567.js"])("is served at %s under its own policy", async (path) => {
    const response = await answer(path, {}, { ASSETS });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("the page");
    expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
  });

  test("is not sent again to who has it", async () => {
    const response = await answer("/", { headers: { "If-None-Match": '"known"' } }, { ASSETS });
    expect([response.status, await response.text()]).toEqual([304, ""]);
    expect(response.headers.get("ETag")).toBe('"known"');
    expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
  });

  test("does not answer for what it has not", async () => {
    expect((await answer("/assets/other.js", {}, { ASSETS })).status).toBe(404);
    expect((await answer("/v2/assets/manifests/v1", {}, { ASSETS })).status).toBe(404);
  });
});
