import { describe, expect, test } from "vitest";
import { bytesOf, hash } from "../../contract/store.ts";
import { headersOf, registry } from "./registry.ts";

const PAGE = "https://app.example";
const ALLOWED = ["Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"];

const preflight = (method: string, headers: string, origin = PAGE) => ({
  headers: {
    Origin: origin,
    "Access-Control-Request-Method": method,
    "Access-Control-Request-Headers": headers,
  },
});
const listed = (response: Response, name: string) =>
  (response.headers.get(name) ?? "").toLowerCase().split(/\s*,\s*/);

describe("without CORS", () => {
  test("no page of another origin may read an answer", async () => {
    const { send } = await registry();
    const response = await send("GET", "/v2/", { headers: { Origin: PAGE } });
    expect(headersOf(response, ...ALLOWED)).toEqual([null, null]);
    const asked = await send("OPTIONS", "/v2/a/manifests/v1", preflight("GET", "authorization"));
    expect(headersOf(asked, ...ALLOWED)).toEqual([null, null]);
  });
});

describe("with named origins", () => {
  const cors = ["https://other.example:8443", PAGE, "null"];

  test.each([PAGE, "null", "https://other.example:8443"])("a page of %s may read answers", async (origin) => {
    const it = await registry({ cors });
    const digest = await it.push("a", "blob");
    const response = await it.send("GET", `/v2/a/blobs/${digest}`, { headers: { Origin: origin } });
    expect(headersOf(response, ...ALLOWED)).toEqual([origin, "true"]);
    expect(listed(response, "Vary")).toContain("origin");
    const exposed = listed(response, "Access-Control-Expose-Headers");
    for (const name of ["docker-content-digest", "content-range", "link", "oci-subject", "oci-tag"])
      expect(exposed).toContain(name);
  });

  test.each(["https://app.example.evil.test", "http://app.example", "https://app.example:444", ""])(
    "a page of %j may not",
    async (origin) => {
      const { send } = await registry({ cors });
      const response = await send("GET", "/v2/", { headers: { Origin: origin } });
      expect(headersOf(response, ...ALLOWED)[0]).toBeNull();
      expect(listed(response, "Vary")).toContain("origin");
    },
  );

  test("a page may read why it was refused", async () => {
    const { send } = await registry({ cors });
    const response = await send("GET", `/v2/a/blobs/${hash(bytesOf("absent"))}`, {
      headers: { Origin: PAGE },
    });
    expect(response.status).toBe(404);
    expect(headersOf(response, ...ALLOWED)).toEqual([PAGE, "true"]);
  });

  test.each([
    ["GET", "authorization,range"],
    ["PUT", "authorization,content-type"],
    ["PATCH", "content-range,content-type"],
    ["DELETE", "authorization"],
  ])("a preflight for %s with %s is granted, at any path", async (method, headers) => {
    const { send } = await registry({ cors });
    for (const path of ["/v2/", "/v2/a/b/manifests/v1", "/v2/a/blobs/uploads/x", "/v2/_catalog"]) {
      const response = await send("OPTIONS", path, preflight(method, headers));
      expect(response.status).toBe(204);
      expect(headersOf(response, ...ALLOWED)).toEqual([PAGE, "true"]);
      expect(listed(response, "Access-Control-Allow-Methods")).toContain(method.toLowerCase());
      const granted = listed(response, "Access-Control-Allow-Headers");
      for (const header of headers.split(",")) expect(granted).toContain(header);
    }
  });
});

describe("with every origin", () => {
  test("any page may read, without credentials", async () => {
    const { send } = await registry({ cors: "*" });
    const response = await send("GET", "/v2/", { headers: { Origin: PAGE } });
    expect(headersOf(response, ...ALLOWED)).toEqual(["*", null]);
    const asked = await send("OPTIONS", "/v2/a/blobs/x", preflight("GET", "range"));
    expect(headersOf(asked, ...ALLOWED)).toEqual(["*", null]);
  });

  test("no page may write", async () => {
    const { send } = await registry({ cors: "*" });
    const response = await send("OPTIONS", "/v2/a/manifests/v1", preflight("PUT", "content-type"));
    expect(listed(response, "Access-Control-Allow-Methods")).toEqual(["get", "head"]);
  });
});

test.each(["app.example", "https://app.example/", "https://app.example/page", "*.example", ""])(
  "%j is no origin",
  async (origin) => {
    await expect(registry({ cors: [origin] })).rejects.toMatchObject({ code: "USAGE" });
  },
);
