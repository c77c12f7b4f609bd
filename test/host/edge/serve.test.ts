import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { Agent, type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fsStore } from "../../../cli/host/fs-store.ts";
import { type Served, serve } from "../../../cli/host/serve.ts";
import { createApp } from "../../../edge/app.ts";
import type { LogEvent } from "../../../src/host.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import { bytesOf, hash } from "../../contract/store.ts";

const MIB = 1024 * 1024;
/** Other suites have the processor, too. */
const PATIENT = { timeout: 30_000 };

describe("the mirror on Node", () => {
  let folder: string;
  let served: Served;
  let logged: LogEvent[];
  let onRequest: (method: string) => void = () => {};
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sealift-serve-"));
    const kernels = await fallbackKernels();
    logged = [];
    const log = (event: LogEvent) => logged.push(event);
    const app = createApp({ kernels, store: await fsStore(folder, kernels), log });
    const fetch: typeof app.fetch = (request, ...more) => {
      onRequest(request.method);
      return app.fetch(request, ...more);
    };
    served = await serve({ fetch }, { host: "127.0.0.1", port: 0 });
  });
  afterEach(async () => {
    await served.close();
    await rm(folder, { recursive: true, force: true });
  });
  const send = (method: string, path: string, init: RequestInit = {}) =>
    fetch(served.url + path, { method, ...init });
  const start = async () => (await send("POST", "/v2/a/blobs/uploads/")).headers.get("Location") as string;
  const push = async (bytes: Uint8Array) => {
    const digest = hash(bytes);
    await send("POST", `/v2/a/blobs/uploads/?digest=${digest}`, { body: bytes as BodyInit });
    return digest;
  };

  test.each([0, 1, 100_000, 3 * MIB])(
    "sends a blob of %i bytes with type and length, compressible or not",
    async (size) => {
      const bytes = new Uint8Array(size).fill(65);
      const digest = await push(bytes);
      for (const method of ["GET", "HEAD"]) {
        const response = await raw(`${served.url}/v2/a/blobs/${digest}`, method, {
          "Accept-Encoding": "gzip",
        });
        expect(response.statusCode).toBe(200);
        expect(response.headers).toMatchObject({
          "content-type": "application/octet-stream",
          "content-length": String(size),
        });
        expect(response.headers["content-encoding"]).toBeUndefined();
        expect(response.headers["transfer-encoding"]).toBeUndefined();
        expect(await lengthOf(response)).toBe(method === "GET" ? size : 0);
      }
    },
  );

  test("sends a part with its own length", async () => {
    const digest = await push(new Uint8Array(randomBytes(2 * MIB)));
    const response = await raw(`${served.url}/v2/a/blobs/${digest}`, "GET", {
      Range: "bytes=1000000-1999999",
    });
    expect(response.statusCode).toBe(206);
    expect(response.headers["content-length"]).toBe("1000000");
    expect(await lengthOf(response)).toBe(1_000_000);
  });

  test("leaves no file open for clients that hang up early, or ask only for the headers", async () => {
    const digest = await push(new Uint8Array(8 * MIB));
    const path = `/v2/a/blobs/${digest}`;
    await send("HEAD", path);
    const before = await openFiles();
    for (let round = 0; round < 10; round++) {
      await send("HEAD", path);
      const controller = new AbortController();
      const response = await send("GET", path, { signal: controller.signal });
      await response.body?.getReader().read();
      controller.abort();
    }
    await expect.poll(openFiles, PATIENT).toBeLessThanOrEqual(before + 2);
  });

  test("keeps what arrived from a client that hung up, for it to go on", async () => {
    const bytes = new Uint8Array(randomBytes(MIB));
    const location = await start();
    const patch = request(served.url + location, { method: "PATCH", agent: new Agent() });
    patch.on("error", () => {});
    patch.write(bytes.subarray(0, 500_000));
    const received = async () => Number((await send("GET", location)).headers.get("Range")?.slice(2)) + 1;
    await expect.poll(received, PATIENT).toBe(500_000);
    patch.destroy();

    const goOn = async () => {
      const headers = { "Content-Range": `500000-${MIB - 1}` };
      return (await send("PATCH", location, { body: bytes.subarray(500_000), headers })).status;
    };
    await expect.poll(goOn, PATIENT).toBe(202);
    const digest = hash(bytes);
    expect((await send("PUT", `${location}?digest=${digest}`)).status).toBe(201);
    expect(new Uint8Array(await (await send("GET", `/v2/a/blobs/${digest}`)).arrayBuffer())).toEqual(bytes);
    // A client that goes away is no failure of the registry's.
    expect(logged).toEqual([]);
  });

  test("takes a layer in one PATCH without holding it", async () => {
    const size = 256 * MIB;
    const chunk = Buffer.alloc(MIB, 1);
    const location = await start();
    const before = process.memoryUsage.rss();
    let peak = before;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const patch = request(served.url + location, { method: "PATCH" }, resolve);
      patch.on("error", reject);
      let sent = 0;
      const more = () => {
        peak = Math.max(peak, process.memoryUsage.rss());
        while (sent < size) {
          sent += chunk.length;
          if (!patch.write(chunk)) return void patch.once("drain", more);
        }
        patch.end();
      };
      more();
    });
    response.resume();
    expect(response.statusCode).toBe(202);
    expect(response.headers.range).toBe(`0-${size - 1}`);
    expect((peak - before) / MIB).toBeLessThan(128);
  });

  test("keeps the connection after a body it read, or refused but could bear to read", async () => {
    const location = await start();
    const taken = await send("PATCH", location, { body: new Uint8Array(4 * MIB) });
    expect([taken.status, taken.headers.get("Connection")]).toEqual([202, "keep-alive"]);
    const path = `/v2/a/blobs/uploads/${"0".repeat(32)}`;
    const refused = await send("PATCH", path, { body: new Uint8Array(4 * MIB) });
    expect([refused.status, refused.headers.get("Connection")]).toEqual([404, "keep-alive"]);
  });

  test("takes an end again with the whole blob, and keeps the connection", async () => {
    const bytes = new Uint8Array(4 * MIB);
    const location = `${await start()}?digest=${hash(bytes)}`;
    for (let time = 0; time < 2; time++) {
      const response = await send("PUT", location, { body: bytes });
      expect([response.status, response.headers.get("Connection")]).toEqual([201, "keep-alive"]);
    }
    expect((await send("GET", location)).status).toBe(404);
  });

  test("ends the connection of a client that goes on sending what was refused, and serves the next", async () => {
    const path = `/v2/a/blobs/uploads/${"0".repeat(32)}`;
    const patch = request(served.url + path, { method: "PATCH", agent: new Agent() });
    patch.on("error", () => {});
    const closed = new Promise((resolve) => patch.once("close", resolve));
    const chunk = Buffer.alloc(MIB);
    const more = () => {
      while (!patch.destroyed && patch.write(chunk));
    };
    patch.on("drain", more);
    more();
    // Whether the answer is read before the reset is TCP's affair; if it is, it is the refusal.
    patch.once("response", (response) => {
      response.resume();
      expect(response.statusCode).toBe(404);
    });
    await closed;
    expect((await send("GET", "/v2/")).status).toBe(200);
  });

  test("says that a port is taken, and by what to choose another", async () => {
    const port = Number(new URL(served.url).port);
    const again = serve({ fetch: () => new Response() }, { host: "127.0.0.1", port });
    await expect(again).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: `Cannot listen on 127.0.0.1:${port}: port ${port} is taken`,
      hint: expect.stringContaining("--listen"),
    });
  });

  test("lets a request in progress end when it closes, and takes no more", async () => {
    const location = await start();
    const bytes = bytesOf("last words");
    const begun = new Promise<string>((resolve) => {
      onRequest = resolve;
    });
    const put = request(`${served.url}${location}?digest=${hash(bytes)}`, {
      method: "PUT",
      agent: new Agent(),
    });
    const answered = new Promise<IncomingMessage>((resolve) => put.once("response", resolve));
    put.write(bytes.subarray(0, 4));
    await begun;
    const closed = served.close();
    await expect(send("GET", "/v2/")).rejects.toThrow();
    put.end(bytes.subarray(4));
    expect((await answered).statusCode).toBe(201);
    await closed;
  });
});

function raw(url: string, method: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers }, resolve).on("error", reject).end();
  });
}

async function lengthOf(response: IncomingMessage): Promise<number> {
  let length = 0;
  for await (const chunk of response) length += (chunk as Buffer).length;
  return length;
}

async function openFiles(): Promise<number> {
  return (await readdir("/proc/self/fd").catch(() => [])).length;
}
