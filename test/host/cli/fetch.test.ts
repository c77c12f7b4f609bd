import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeFetch } from "../../../cli/host/fetch.ts";

const MIB = 1 << 20;
let server: Server;
let received: number;

beforeEach(async () => {
  received = 0;
  server = createServer(async (request, response) => {
    if (request.url === "/moved") return void response.writeHead(307, { location: "/" }).end();
    for await (const chunk of request) received += (chunk as Buffer).length;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const url = (path = "/") => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

describe("the Node host's fetch", () => {
  it("holds no more of a streamed body than is on its way", async () => {
    let left = 512;
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
          if (left-- > 0) controller.enqueue(new Uint8Array(MIB));
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const init = { method: "PUT", body, duplex: "half", headers: { "content-length": `${512 * MIB}` } };
    expect((await nodeFetch(url(), init as RequestInit)).status).toBe(200);
    expect(received).toBe(512 * MIB);
    expect(peak).toBeLessThan(256 * MIB);
  });

  it("leaves redirects of other requests to the caller", async () => {
    expect((await nodeFetch(url("/moved"), { redirect: "manual" })).status).toBe(307);
    expect((await nodeFetch(url("/moved"))).status).toBe(200);
  });
});
