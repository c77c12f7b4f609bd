import { beforeEach, describe, expect, test } from "vitest";
import { codeOf, headersOf, registry, textOf } from "./registry.ts";

const CONTENT = "0123456789".repeat(100);

describe("a blob", () => {
  let it: Awaited<ReturnType<typeof registry>>;
  let path: string;
  let digest: string;
  beforeEach(async () => {
    it = await registry();
    digest = await it.push("deep/er/name", CONTENT);
    path = `/v2/deep/er/name/blobs/${digest}`;
  });
  const get = (headers: Record<string, string> = {}) => it.send("GET", path, { headers });

  test("comes with its type, length and digest", async () => {
    const response = await get();
    expect(response.status).toBe(200);
    expect(headersOf(response, "Content-Type", "Content-Length", "Docker-Content-Digest")).toEqual([
      "application/octet-stream",
      "1000",
      digest,
    ]);
    expect(await textOf(response)).toBe(CONTENT);
  });

  test("answers HEAD like GET, without opening the content", async () => {
    it.store.blobs.open = () => Promise.reject(new Error("opened"));
    const response = await it.send("HEAD", path, { headers: { Range: "bytes=0-1" } });
    expect(response.status).toBe(200);
    expect(headersOf(response, "Content-Type", "Content-Length", "Docker-Content-Digest")).toEqual([
      "application/octet-stream",
      "1000",
      digest,
    ]);
    expect(await textOf(response)).toBe("");
  });

  test.each([
    ["bytes=500-599", 500, 600],
    ["bytes=500-", 500, 1000],
    ["bytes=-10", 990, 1000],
    ["bytes=-5000", 0, 1000],
    ["bytes=990-5000", 990, 1000],
    ["bytes=0-0", 0, 1],
  ])("gives the part %s", async (range, start, end) => {
    const response = await get({ Range: range });
    expect(response.status).toBe(206);
    expect(headersOf(response, "Content-Range", "Content-Length", "Content-Type")).toEqual([
      `bytes ${start}-${end - 1}/1000`,
      String(end - start),
      "application/octet-stream",
    ]);
    expect(await textOf(response)).toBe(CONTENT.slice(start, end));
  });

  test.each(["bytes=500-0", "bytes=1000-", "bytes=5000-10000", "bytes=-0"])(
    "has no part %s",
    async (range) => {
      const response = await get({ Range: range });
      expect(response.status).toBe(416);
      expect(response.headers.get("Content-Range")).toBe("bytes */1000");
    },
  );

  test.each(["bytes=0-1,5-6", "lines=0-1", "bytes=a-b", "bytes=-", "bytes=0-99999999999999999999"])(
    "comes whole where the range is not understood: %s",
    async (range) => {
      const response = await get({ Range: range });
      expect(response.status).toBe(200);
      expect(await textOf(response)).toHaveLength(1000);
    },
  );

  test("without a byte has no range at all", async () => {
    const empty = await it.push("deep/er/name", "");
    const response = await it.send("GET", `/v2/deep/er/name/blobs/${empty}`, {
      headers: { Range: "bytes=0-" },
    });
    expect(response.status).toBe(416);
  });

  test("is not sent again to who has it", async () => {
    const etag = (await get()).headers.get("ETag") as string;
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      expect((await get({ "If-None-Match": known })).status).toBe(304);
    }
    expect((await get({ "If-None-Match": '"sha256:other"' })).status).toBe(200);
  });

  test("is resumed only if it is still the same", async () => {
    const etag = (await get()).headers.get("ETag") as string;
    expect((await get({ Range: "bytes=5-", "If-Range": etag })).status).toBe(206);
    expect((await get({ Range: "bytes=5-", "If-Range": '"other"' })).status).toBe(200);
  });

  test("is gone at once when it is deleted", async () => {
    expect((await it.send("DELETE", path)).status).toBe(202);
    for (const method of ["GET", "HEAD", "DELETE"]) expect((await it.send(method, path)).status).toBe(404);
    expect(await codeOf(await get())).toBe("BLOB_UNKNOWN");
  });

  test("is unknown in another repository, and under no digest", async () => {
    expect(await codeOf(await it.send("GET", `/v2/deep/er/blobs/${digest}`))).toBe("BLOB_UNKNOWN");
    const response = await it.send("GET", "/v2/deep/er/name/blobs/sha256:short");
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("DIGEST_INVALID");
  });

  test("cannot be put where it is read", async () => {
    const response = await it.send("PUT", path, { body: "x" });
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe("GET, HEAD, DELETE");
  });

  test("is never taken for a page by a browser", async () => {
    expect((await get()).headers.get("X-Content-Type-Options")).toBe("nosniff");
  });
});
