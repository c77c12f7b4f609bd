/** What the core relies on when it asks the network, whoever does the asking. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { collect } from "../../src/bytes/stream.ts";
import type { Fetch } from "../../src/host.ts";

const MIB = 1 << 20;

/** A server on loopback that answers as the test at hand says. */
export class TestServer {
  answer: RequestListener = (_, response) => response.end();
  /** Connections so far. */
  connections = 0;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((...exchange) => this.answer(...exchange));
    // It closes nothing by itself that the other side should.
    this.#server.keepAliveTimeout = 600_000;
    this.#server.on("connection", (socket: Socket) => {
      this.connections++;
      socket.on("error", () => {});
    });
  }

  async start(port = 0): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject).listen(port, "127.0.0.1", resolve);
    });
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  url(path = "/"): string {
    return `http://${this.address}${path}`;
  }

  /** Breaks the connections that wait for a request. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
  }
}

/** How many bytes a server was sent. */
export async function sizeOf(request: IncomingMessage): Promise<number> {
  let size = 0;
  for await (const chunk of request) size += (chunk as Buffer).length;
  return size;
}

/** A stream of so many pieces of a mebibyte, made when they are asked for. */
export function pieces(count: number, onPull: (made: number) => void = () => {}) {
  let made = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (made === count) return controller.close();
        controller.enqueue(new Uint8Array(MIB));
        onPull(++made);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The suite that every fetch passes. */
export function fetchContract(name: string, open: () => Fetch): void {
  describe(`${name} keeps fetch's contract`, () => {
    let server: TestServer;
    let fetch: Fetch;

    beforeEach(async () => {
      server = new TestServer();
      await server.start();
      fetch = open();
    });
    afterEach(() => server.stop());

    const text = async (response: Awaited<ReturnType<Fetch>>) =>
      new TextDecoder().decode(response.body ? await collect(response.body, MIB) : new Uint8Array());

    it("gives status, headers by any case of their name, and the body", async () => {
      server.answer = (_, response) => response.writeHead(201, { "Docker-Thing": "1" }).end("content");
      const response = await fetch(server.url());
      expect([response.status, response.ok, response.type === "opaqueredirect"]).toEqual([201, true, false]);
      expect(response.headers.get("DOCKER-thing")).toBe("1");
      expect([response.headers.get("x"), response.headers.has("x")]).toEqual([null, false]);
      expect(await text(response)).toBe("content");
    });

    it("joins headers that come several times", async () => {
      server.answer = (_, response) => {
        response.setHeader("www-authenticate", ["Basic realm=a", "Bearer realm=b"]);
        response.writeHead(401).end();
      };
      const { ok, headers } = await fetch(server.url());
      expect([ok, headers.get("www-authenticate")]).toEqual([false, "Basic realm=a, Bearer realm=b"]);
    });

    it("gives a body of a length that nobody states", async () => {
      server.answer = (_, response) => {
        response.write("con");
        response.end("tent");
      };
      expect(await text(await fetch(server.url()))).toBe("content");
    });

    it.each([
      ["HEAD", 200],
      ["GET", 204],
      ["GET", 304],
    ])("gives no body to %s answered with %d", async (method, status) => {
      server.answer = (_, response) => response.writeHead(status, { "content-length": 5 }).end();
      const response = await fetch(server.url(), { method });
      expect([response.status, response.body]).toEqual([status, null]);
    });

    it("sends method, headers and bytes", async () => {
      let seen: unknown;
      server.answer = async (request, response) => {
        const { method, headers } = request;
        seen = [method, headers["x-a"], headers["content-length"], await sizeOf(request)];
        response.end();
      };
      await fetch(server.url(), { method: "PUT", headers: { "x-a": "1" }, body: new Uint8Array(7) });
      expect(seen).toEqual(["PUT", "1", "7", 7]);
    });

    it.each([
      ["POST", "0"],
      ["PUT", "0"],
      ["GET", undefined],
      ["DELETE", undefined],
    ])("says of %s without a body that its length is %s", async (method, length) => {
      let seen: unknown;
      server.answer = (request, response) => {
        seen = [request.headers["content-length"], request.headers["transfer-encoding"]];
        response.end();
      };
      await fetch(server.url(), { method });
      expect(seen).toEqual([length, undefined]);
    });

    it("sends a stream of a stated length, and not in chunks", async () => {
      let seen: unknown;
      server.answer = async (request, response) => {
        const { "content-length": length, "transfer-encoding": encoding } = request.headers;
        seen = [length, encoding, await sizeOf(request)];
        response.end();
      };
      const init = { method: "PUT", body: pieces(3), duplex: "half", redirect: "manual" } as const;
      await fetch(server.url(), { ...init, headers: { "content-length": `${3 * MIB}` } });
      expect(seen).toEqual([`${3 * MIB}`, undefined, 3 * MIB]);
    });

    it("gives a redirect to who wants to follow it by hand", async () => {
      server.answer = (_, response) => response.writeHead(307, { location: "/there" }).end();
      const { status, headers } = await fetch(server.url(), { redirect: "manual" });
      expect([status, headers.get("location")]).toEqual([307, "/there"]);
    });

    it("asks for a range and gives a part", async () => {
      server.answer = (request, response) =>
        response.writeHead(206, { "content-range": "bytes 2-3/7" }).end(request.headers.range?.slice(-3));
      const response = await fetch(server.url(), { headers: { range: "bytes=2-3" } });
      expect([response.status, response.headers.get("content-range")]).toEqual([206, "bytes 2-3/7"]);
      expect(await text(response)).toBe("2-3");
    });

    it.each([
      ["gzip", gzipSync],
      ["x-gzip", gzipSync],
      ["GZIP", gzipSync],
      ["deflate", deflateSync],
      ["br", brotliCompressSync],
    ])("decodes what a server has encoded unasked, with %s", async (encoding, encode) => {
      server.answer = (_, response) =>
        response.writeHead(200, { "content-encoding": encoding }).end(encode("content"));
      expect(await text(await fetch(server.url()))).toBe("content");
    });

    it("does not take in more than is asked for", async () => {
      let sent = 0;
      const full = new Promise<void>((resolve) => {
        server.answer = (_, response) => {
          const send = () => {
            sent += MIB;
            response.write(new Uint8Array(MIB));
            const stuck = setTimeout(resolve, 200);
            response.once("drain", () => {
              clearTimeout(stuck);
              if (sent < 64 * MIB) send();
              else resolve();
            });
          };
          send();
        };
      });
      const response = await fetch(server.url());
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      await full;
      expect(sent).toBeLessThan(64 * MIB);
      await reader.cancel();
    });

    it("fails when the connection ends before the body does", async () => {
      server.answer = (_, response) => {
        response.writeHead(200, { "content-length": 100 }).write("half");
        setTimeout(() => response.destroy(), 20);
      };
      await expect(fetch(server.url()).then(text)).rejects.toThrow();
    });

    it("fails when there is nobody, with a code that says so", async () => {
      const url = server.url();
      server.stop();
      const failure = await fetch(url).catch((error: unknown) => error);
      const { cause = failure } = failure as Error;
      expect((cause as NodeJS.ErrnoException).code).toBe("ECONNREFUSED");
    });

    it("ends when it is told to, before the answer and within the body", async () => {
      const stop = new AbortController();
      server.answer = () => stop.abort();
      await expect(fetch(server.url(), { signal: stop.signal })).rejects.toThrow();
      const later = new AbortController();
      server.answer = (_, response) => void response.writeHead(200, { "content-length": 100 }).write("half");
      const response = await fetch(server.url(), { signal: later.signal });
      later.abort();
      await expect(text(response)).rejects.toThrow();
    });

    it("closes the connection of a long body that is not wanted", async () => {
      const closed = new Promise((resolve) => {
        server.answer = (_, response) => {
          response.once("close", () => resolve("closed"));
          response.writeHead(200, { "content-length": 1e9 }).write("begun");
        };
      });
      const { body } = await fetch(server.url());
      await body?.cancel();
      expect(await closed).toBe("closed");
    });

    it("passes on why the body that it was to send failed", async () => {
      server.answer = async (request, response) => {
        await sizeOf(request).catch(() => {});
        response.end();
      };
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.error(new Error("the disk is gone")),
      });
      const init = { method: "PUT", body, duplex: "half", headers: { "content-length": "9" } } as const;
      await expect(fetch(server.url(), { ...init, redirect: "manual" })).rejects.toThrow();
    });
  });
}
