import { beforeEach, describe, expect, test } from "vitest";
import { bytesOf, hash } from "../../contract/store.ts";
import { codeOf, headersOf, registry, textOf } from "./registry.ts";

describe("an upload", () => {
  let it: Awaited<ReturnType<typeof registry>>;
  let location: string;
  beforeEach(async () => {
    it = await registry();
    location = await it.start("a/b");
  });
  const patch = (body: string, headers: Record<string, string> = {}) =>
    it.send("PATCH", location, { body, headers });
  const finish = (digest: string, init: RequestInit = {}) =>
    it.send("PUT", `${location}?digest=${encodeURIComponent(digest)}`, init);

  test("starts at a place of its own, which says how far it is", async () => {
    expect(location).toMatch(/^\/v2\/a\/b\/blobs\/uploads\/[0-9a-f]{32}$/);
    expect(await it.start("a/b")).not.toBe(location);
    await patch("12345");
    const response = await it.send("GET", location);
    expect(response.status).toBe(204);
    expect(headersOf(response, "Location", "Range")).toEqual([location, "0-4"]);
  });

  test("starts with or without the last slash", async () => {
    expect((await it.send("POST", "/v2/a/b/blobs/uploads")).status).toBe(202);
  });

  test("takes a stream without length or range", async () => {
    const response = await patch("streamed");
    expect(response.status).toBe(202);
    expect(headersOf(response, "Location", "Range")).toEqual([location, "0-7"]);
    expect((await finish(hash(bytesOf("streamed")))).status).toBe(201);
  });

  test("takes chunks, the last of them with the end", async () => {
    await patch("123", { "Content-Range": "0-2" });
    await patch("456", { "Content-Range": "3-5" });
    const digest = hash(bytesOf("12345678"));
    const response = await finish(digest, { body: "78", headers: { "Content-Range": "6-7" } });
    expect(response.status).toBe(201);
    expect(headersOf(response, "Location", "Docker-Content-Digest")).toEqual([
      `/v2/a/b/blobs/${digest}`,
      digest,
    ]);
    expect(await textOf(await it.send("GET", `/v2/a/b/blobs/${digest}`))).toBe("12345678");
  });

  test("may be ended again by who lost the answer, with the last chunk or without", async () => {
    await patch("1234");
    const digest = hash(bytesOf("12345678"));
    const last = { body: "5678", headers: { "Content-Range": "4-7" } };
    for (const init of [last, last, { body: "5678" }, {}]) {
      const response = await finish(digest, init);
      expect(response.status).toBe(201);
      expect(headersOf(response, "Location", "Docker-Content-Digest")).toEqual([
        `/v2/a/b/blobs/${digest}`,
        digest,
      ]);
    }
    expect(await textOf(await it.send("GET", `/v2/a/b/blobs/${digest}`))).toBe("12345678");
    expect((await it.send("GET", location)).status).toBe(404);
    expect((await patch("9")).status).toBe(404);
    expect((await finish(hash(bytesOf("5678")), { body: "5678" })).status).toBe(404);
    await it.send("DELETE", `/v2/a/b/blobs/${digest}`);
    expect((await finish(digest, last)).status).toBe(404);
  });

  test("takes everything with the end", async () => {
    expect((await finish(hash(bytesOf("all"), "sha512"), { body: "all" })).status).toBe(201);
  });

  test.each(["5-7", "2-4", "400-402"])("tells who sends chunk %s where to go on", async (range) => {
    await patch("123", { "Content-Range": "0-2" });
    for (const send of [
      () => patch("456", { "Content-Range": range }),
      () => finish(hash(bytesOf("x")), { body: "456", headers: { "Content-Range": range } }),
    ]) {
      const response = await send();
      expect(response.status).toBe(416);
      expect(headersOf(response, "Location", "Range")).toEqual([location, "0-2"]);
      expect(await codeOf(response)).toBe("BLOB_UPLOAD_INVALID");
    }
    expect((await patch("456", { "Content-Range": "3-5" })).status).toBe(202);
  });

  test.each(["bytes 0-2/3", "0", "a-b", "0-2, 3-4", ""])("refuses Content-Range %j", async (range) => {
    const response = await patch("123", { "Content-Range": range });
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("BLOB_UPLOAD_INVALID");
  });

  test("refuses a Content-Range that is not as long as the body", async () => {
    const response = await patch("123", { "Content-Range": "0-4", "Content-Length": "3" });
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("SIZE_INVALID");
  });

  test("keeps what came before the body broke, and goes on from there", async () => {
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(bytesOf("12345"));
      },
      pull(controller) {
        controller.error(new Error("gone"));
      },
    });
    await it.send("PATCH", location, { body: broken, duplex: "half" } as RequestInit);
    expect((await it.send("GET", location)).headers.get("Range")).toBe("0-4");
    await patch("678", { "Content-Range": "5-7" });
    expect((await finish(hash(bytesOf("12345678")))).status).toBe(201);
  });

  test("of other content than promised is dropped", async () => {
    const response = await finish(hash(bytesOf("good")), { body: "bad" });
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("DIGEST_INVALID");
    expect((await it.send("GET", location)).status).toBe(404);
    expect((await it.send("HEAD", `/v2/a/b/blobs/${hash(bytesOf("good"))}`)).status).toBe(404);
  });

  test.each(["", "sha256:short", "md5:d41d8cd98f00b204e9800998ecf8427e"])(
    "cannot end with digest %j",
    async (digest) => {
      const response = await finish(digest, { body: "x" });
      expect(response.status).toBe(400);
      expect(await codeOf(response)).toBe("DIGEST_INVALID");
    },
  );

  test("is gone when it is cancelled", async () => {
    expect((await it.send("DELETE", location)).status).toBe(204);
    for (const method of ["GET", "PATCH", "DELETE"]) {
      const response = await it.send(method, location);
      expect(response.status).toBe(404);
    }
    expect(await codeOf(await patch("x"))).toBe("BLOB_UPLOAD_UNKNOWN");
  });

  test("cannot be reached through another repository, nor by a made-up id", async () => {
    for (const path of [location.replace("/a/b/", "/a/c/"), "/v2/a/b/blobs/uploads/%0d%0aX-Evil:%20yes"]) {
      const response = await it.send("PATCH", path, { body: "x" });
      expect(response.status).toBe(404);
      expect(response.headers.get("X-Evil")).toBeNull();
    }
  });

  test("in one request leaves nothing behind when its digest is wrong", async () => {
    const response = await it.send("POST", `/v2/a/b/blobs/uploads/?digest=${hash(bytesOf("good"))}`, {
      body: "bad",
    });
    expect(response.status).toBe(400);
    expect((await it.send("GET", "/v2/a/b/tags/list")).status).toBe(404);
  });

  test("can name its algorithm, if we know it", async () => {
    const start = (algorithm: string) =>
      it.send("POST", `/v2/a/b/blobs/uploads/?digest-algorithm=${algorithm}`);
    expect((await start("sha512")).status).toBe(202);
    expect((await start("md5")).status).toBe(400);
  });
});

describe("a mount", () => {
  test("of a blob of another repository needs no upload", async () => {
    const it = await registry();
    const digest = await it.push("from", "shared");
    const response = await it.send("POST", `/v2/to/blobs/uploads/?mount=${digest}&from=from`);
    expect(response.status).toBe(201);
    expect(headersOf(response, "Location", "Docker-Content-Digest")).toEqual([
      `/v2/to/blobs/${digest}`,
      digest,
    ]);
    expect((await it.send("HEAD", `/v2/to/blobs/${digest}`)).status).toBe(200);
  });

  test("without origin finds the blob anywhere", async () => {
    const it = await registry();
    const digest = await it.push("from", "shared");
    expect((await it.send("POST", `/v2/to/blobs/uploads/?mount=${digest}`)).status).toBe(201);
  });

  test("of what is not there starts an upload instead", async () => {
    const it = await registry();
    const digest = await it.push("elsewhere", "shared");
    const response = await it.send("POST", `/v2/to/blobs/uploads/?mount=${digest}&from=from`);
    expect(response.status).toBe(202);
    const location = response.headers.get("Location") as string;
    expect((await it.send("PUT", `${location}?digest=${digest}`, { body: "shared" })).status).toBe(201);
  });

  test.each(["mount=sha256:no&from=a", `mount=${hash(bytesOf(""))}&from=../../etc`])(
    "refuses %s",
    async (query) => {
      const it = await registry();
      expect((await it.send("POST", `/v2/to/blobs/uploads/?${query}`)).status).toBe(400);
    },
  );
});
