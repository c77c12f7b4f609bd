import { describe, expect, test } from "vitest";
import { SealiftError } from "../../../src/error.ts";
import { bytesOf, hash } from "../../contract/store.ts";
import { codeOf, registry, textOf } from "./registry.ts";

const digest = hash(bytesOf("manifest"));

describe("the registry's root", () => {
  test.each(["/v2/", "/v2"])("answers %s with its version", async (path) => {
    const it = await registry();
    const response = await it.send("GET", path);
    expect(response.status).toBe(200);
    expect(response.headers.get("Docker-Distribution-API-Version")).toBe("registry/2.0");
  });

  test("has a probe", async () => {
    const it = await registry();
    expect((await it.send("GET", "/healthz")).status).toBe(200);
  });

  test("is a page that says what this is, runs no script and loads nothing", async () => {
    const it = await registry();
    await it.push("team/app", "x");
    const response = await it.app.request("http://mirror.example:5050/");
    expect(response.headers.get("Content-Type")).toMatch(/^text\/html/);
    expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    const page = await response.text();
    expect(page).toContain("container registry");
    expect(page).toContain("mirror.example:5050");
    expect(page).toContain("<code>team/app</code>");
    expect(page).not.toMatch(/<script|https?:\/\//);
  });

  test("shows a host name as text, whatever it is", async () => {
    const it = await registry();
    const page = await (await it.app.fetch(new Request("http://a&b.example/"))).text();
    expect(page).toContain("a&#38;b.example");
  });
});

describe("lists", () => {
  test("of tags name their next page", async () => {
    const it = await registry();
    for (const tag of ["a", "b", "c.d"]) await it.store.tags.compareAndSwap("x/y", tag, undefined, digest);
    const first = await it.send("GET", "/v2/x/y/tags/list?n=2");
    expect(await first.json()).toEqual({ name: "x/y", tags: ["a", "b"] });
    expect(first.headers.get("Link")).toBe('</v2/x/y/tags/list?n=2&last=b>; rel="next"');
    const last = await it.send("GET", "/v2/x/y/tags/list?n=2&last=b");
    expect(await last.json()).toEqual({ name: "x/y", tags: ["c.d"] });
    expect(last.headers.get("Link")).toBeNull();
    expect(await (await it.send("GET", "/v2/x/y/tags/list?n=0")).json()).toEqual({ name: "x/y", tags: [] });
  });

  test("of repositories name their next page", async () => {
    const it = await registry();
    for (const name of ["b/c", "a", "d"]) await it.store.tags.compareAndSwap(name, "t", undefined, digest);
    const first = await it.send("GET", "/v2/_catalog?n=2");
    expect(await first.json()).toEqual({ repositories: ["a", "b/c"] });
    expect(first.headers.get("Link")).toBe('</v2/_catalog?n=2&last=b%2Fc>; rel="next"');
  });

  test.each(["n=-1", "n=x", "n=1e9", "n="])("are refused with %s", async (query) => {
    const it = await registry();
    await it.store.tags.compareAndSwap("a", "t", undefined, digest);
    expect((await it.send("GET", `/v2/a/tags/list?${query}`)).status).toBe(400);
  });

  test("of an unknown repository's tags are not there", async () => {
    const it = await registry();
    const response = await it.send("GET", "/v2/no/such/tags/list");
    expect(response.status).toBe(404);
    expect(await codeOf(response)).toBe("NAME_UNKNOWN");
  });
});

describe("names", () => {
  test("may hold the words of the API itself", async () => {
    const it = await registry();
    const names = ["blobs", "a/blobs/uploads", "manifests/tags/list", "x/referrers", "tags", "v2/a/blobs"];
    for (const name of names) {
      const pushed = await it.push(name, name);
      const response = await it.send("GET", `/v2/${name}/blobs/${pushed}`);
      expect(await textOf(response)).toBe(name);
      expect((await it.send("GET", `/v2/${name}/tags/list`)).status).toBe(200);
    }
    expect((await (await it.send("GET", "/v2/_catalog")).json()) as object).toEqual({
      repositories: names.sort(),
    });
  });

  test.each([
    "UPPER",
    "a//b",
    "-a",
    "a..b",
    "%2e%2e/%2e%2e/etc",
    "a%2f..%2f..%2fb",
    "a%00b",
    "a%0d%0aSet-Cookie:x",
    "a".repeat(256),
    "%ff",
  ])("are refused if they are none: %s", async (name) => {
    const it = await registry();
    for (const [method, path] of [
      ["GET", `/v2/${name}/tags/list`],
      ["POST", `/v2/${name}/blobs/uploads/`],
      ["GET", `/v2/${name}/manifests/latest`],
    ] as const) {
      const response = await it.send(method, path);
      expect([400, 404]).toContain(response.status);
      expect(["NAME_INVALID", "UNSUPPORTED"]).toContain(await codeOf(response));
      expect(response.headers.get("Set-Cookie")).toBeNull();
    }
    expect(await it.store.tags.repositories()).toEqual([]);
  });
});

describe("errors", () => {
  test("have the form of the specification", async () => {
    const it = await registry();
    const response = await it.send("GET", "/v2/a/manifests/latest");
    expect(response.headers.get("Content-Type")).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({
      errors: [{ code: "MANIFEST_UNKNOWN", message: expect.stringContaining("latest") }],
    });
  });

  test("of paths that are not ours are errors too", async () => {
    const it = await registry();
    const response = await it.send("GET", "/v1/search");
    expect(response.status).toBe(404);
    expect(await codeOf(response)).toBe("UNSUPPORTED");
  });

  test("inside are told to the log, not to the client", async () => {
    const secret = "/srv/secret/path";
    const it = await registry();
    it.store.tags.get = () => Promise.reject(new Error(secret));
    const unexpected = await it.send("GET", "/v2/a/manifests/latest");
    expect(unexpected.status).toBe(500);
    expect(await unexpected.text()).not.toContain(secret);
    it.store.tags.get = () => Promise.reject(new SealiftError("IO", `Cannot read ${secret}`));
    const expected = await it.send("GET", "/v2/a/manifests/latest");
    expect(expected.status).toBe(500);
    expect(await expected.text()).not.toContain(secret);
    expect(it.logged.map((event) => "message" in event && event.message.includes(secret))).toEqual([
      true,
      true,
    ]);
  });

  test("of a full store are 507", async () => {
    const it = await registry();
    it.store.uploads.start = () => Promise.reject(new SealiftError("NO_SPACE", "Cannot start: full"));
    const response = await it.send("POST", "/v2/a/blobs/uploads/");
    expect(response.status).toBe(507);
    expect(await response.text()).toContain("no space left");
  });
});
