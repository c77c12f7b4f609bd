/** The page's files over HTTP, as `sealift serve` sends them. */
import { type IncomingMessage, request } from "node:http";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PageFile } from "../../../cli/host/page-file.ts";
import { type Served, serve } from "../../../cli/host/serve.ts";
import { createApp } from "../../../edge/app.ts";
import { hash } from "../../contract/store.ts";
import { newBackend } from "./backend.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const SCRIPT = bytesOf("export const answer = 42;\n".repeat(1000));
const PATH = "/assets/page-01234567.js";

let served: Served;
beforeEach(async () => {
  const file = new PageFile(SCRIPT, "text/javascript");
  const page = async (path: string, asked: Headers) => (path === PATH ? file.answer(asked) : undefined);
  served = await serve(createApp({ ...(await newBackend()), page }), { host: "127.0.0.1", port: 0 });
});
afterEach(() => served.close());

describe("a file of the page", () => {
  test("is sent gzipped to who asks for that, and as it is to others", async () => {
    const coded = await ask("GET", { "Accept-Encoding": "gzip, br" });
    expect(coded.headers["content-encoding"]).toBe("gzip");
    expect(coded.body.length).toBeLessThan(SCRIPT.length / 10);
    expect(new Uint8Array(gunzipSync(coded.body))).toEqual(SCRIPT);
    const plain = await ask("GET", {});
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(new Uint8Array(plain.body)).toEqual(SCRIPT);
    for (const { status, headers, body } of [coded, plain]) {
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        "content-type": "text/javascript",
        "content-length": String(body.length),
        vary: "Accept-Encoding",
      });
    }
  });

  test.each(["GZip", "gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.8, *;q=0.1", "identity;q=0.5, gzip"])(
    "is sent gzipped to who accepts %j",
    async (accepted) => {
      const { headers } = await ask("GET", { "Accept-Encoding": accepted });
      expect(headers["content-encoding"]).toBe("gzip");
    },
  );

  test.each(["", "identity", "br", "gzip;q=0", "*;q=0", "identity, gzip;q=0.9", "gzipped"])(
    "is sent as it is to who accepts %j",
    async (accepted) => {
      const { headers } = await ask("GET", { "Accept-Encoding": accepted });
      expect(headers["content-encoding"]).toBeUndefined();
    },
  );

  test.each([{ "Accept-Encoding": "gzip" }, {}])(
    "is described by HEAD as by GET, asked with %j",
    async (asked) => {
      const [head, get] = [await ask("HEAD", asked), await ask("GET", asked)];
      expect(head.body).toHaveLength(0);
      const { date: _, ...headers } = head.headers;
      expect(get.headers).toMatchObject(headers);
      expect(head.status).toBe(200);
    },
  );

  test("is not sent again to who has it in the form that is asked for", async () => {
    const gzip = { "Accept-Encoding": "gzip" };
    const etags = [(await ask("GET", gzip)).headers.etag, (await ask("GET", {})).headers.etag] as string[];
    const [coded = "", plain = ""] = etags;
    expect(coded).not.toBe(plain);
    for (const method of ["GET", "HEAD"]) {
      const same = await ask(method, { ...gzip, "If-None-Match": `"other", W/${coded}` });
      expect([same.status, same.body.length]).toEqual([304, 0]);
      expect(same.headers).toMatchObject({ etag: coded, vary: "Accept-Encoding" });
      expect(same.headers["content-encoding"]).toBeUndefined();
      expect((await ask(method, { "If-None-Match": plain })).status).toBe(304);
      expect((await ask(method, { "If-None-Match": "*" })).status).toBe(304);
      expect((await ask(method, { ...gzip, "If-None-Match": plain })).status).toBe(200);
      expect((await ask(method, { "If-None-Match": coded })).status).toBe(200);
    }
  });

  test("of other content has another validator", async () => {
    const etagOf = async (text: string) =>
      (await new PageFile(bytesOf(text), "text/css").answer(new Headers())).headers.get("ETag");
    expect(await etagOf("a")).not.toBe(await etagOf("b"));
    expect(await etagOf("a")).toBe(await etagOf("a"));
  });

  test("keeps the page's own rules in each form", async () => {
    for (const asked of [{ "Accept-Encoding": "gzip" }, {}])
      expect((await ask("GET", asked)).headers).toMatchObject({
        "content-security-policy": expect.stringContaining("default-src 'none'"),
        "cache-control": expect.stringContaining("immutable"),
      });
  });
});

test("what the registry holds is never coded", async () => {
  const type = "application/vnd.oci.image.index.v1+json";
  const index = { schemaVersion: 2, mediaType: type, manifests: [], annotations: { a: "a".repeat(5000) } };
  const bytes = bytesOf(JSON.stringify(index));
  const put = (path: string, init: RequestInit) => fetch(served.url + path, { body: bytes, ...init });
  await put(`/v2/a/blobs/uploads/?digest=${hash(bytes)}`, { method: "POST" });
  await put("/v2/a/manifests/v1", { method: "PUT", headers: { "Content-Type": type } });
  for (const path of [`/v2/a/blobs/${hash(bytes)}`, "/v2/a/manifests/v1"]) {
    const { headers, body } = await ask("GET", { "Accept-Encoding": "gzip" }, path);
    expect(headers["content-encoding"]).toBeUndefined();
    expect(new Uint8Array(body)).toEqual(bytes);
  }
});

function ask(method: string, headers: Record<string, string>, path = PATH) {
  return new Promise<{ status: number | undefined; headers: IncomingMessage["headers"]; body: Buffer }>(
    (resolve, reject) => {
      const asking = request(served.url + path, { method, headers }, async (response) => {
        const body = Buffer.concat(await response.toArray());
        resolve({ status: response.statusCode, headers: response.headers, body });
      });
      asking.on("error", reject).end();
    },
  );
}
