import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { httpTransport } from "../../../cli/host/http/transport.ts";
import { lend } from "../../../src/bytes/loan.ts";
import { chunksOf, collect } from "../../../src/bytes/stream.ts";
import { SealiftError } from "../../../src/error.ts";
import { fetchContract, pieces, sizeOf, TestServer } from "../../contract/fetch.ts";

const MIB = 1 << 20;
/** Not every machine has IPv6. */
const loopback = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses.map(({ address }) => address))
  .filter((address) => ["127.0.0.1", "::1"].includes(address));
const IMPATIENT = { connect: 50, answer: 50, storing: 50, silence: 50 };

fetchContract("the Node host's", () => httpTransport({}).fetch);

let server: TestServer;
const sockets = new Set<Socket>();

beforeEach(async () => {
  server = new TestServer();
  await server.start();
});

afterEach(() => {
  server.stop();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

/** A server that says what it is told to as soon as somebody connects, reads nothing, and knows no HTTP. */
async function rawServer(say = "", address = "127.0.0.1"): Promise<string> {
  const raw = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).write(say);
  });
  await new Promise<void>((resolve) => raw.listen(0, address, resolve));
  raw.unref();
  return `http://${address === "::1" ? "[::1]" : address}:${(raw.address() as AddressInfo).port}/`;
}

/** As {@link rawServer}, at a port of which the other loopback address has none: localhost means both. */
async function loneServer(say: string, address: string): Promise<string> {
  for (;;) {
    const url = await rawServer(say, address);
    const other = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      other.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "EADDRINUSE"));
      other.listen(Number(new URL(url).port), address === "::1" ? "127.0.0.1" : "::1", () => resolve(true));
    });
    other.close();
    if (isFree) return url;
  }
}

const put = (size: number, body: ReadableStream<Uint8Array>) =>
  ({ method: "PUT", body, duplex: "half", headers: { "content-length": `${size}` } }) as const;

describe("the Node host's network", () => {
  it("uses a connection again, also after answers that nobody reads", async () => {
    const { fetch } = httpTransport({});
    server.answer = (_, response) => response.writeHead(404, { "content-length": 5 }).end("short");
    for (const method of ["HEAD", "GET", "GET"]) {
      const { body } = await fetch(server.url(), { method });
      await body?.cancel();
    }
    expect(server.connections).toBe(1);
  });

  it.each(loopback)("finds a server of localhost that listens at %s alone", async (address) => {
    const url = await loneServer("HTTP/1.1 204 No Content\r\n\r\n", address);
    const { status } = await httpTransport({}).fetch(`http://localhost:${new URL(url).port}/`);
    expect(status).toBe(204);
  });

  it.runIf(loopback.includes("::1"))(
    "says what goes wrong at ::1 rather than that nobody listens at 127.0.0.1",
    async () => {
      const url = await loneServer("no TLS", "::1");
      const asked = httpTransport({}).fetch(`https://localhost:${new URL(url).port}/`);
      await expect(asked).rejects.not.toMatchObject({ code: "ECONNREFUSED" });
    },
  );

  it("says what nobody listens at", async () => {
    await expect(httpTransport({}).fetch("http://localhost:1/")).rejects.toThrow("ECONNREFUSED 127.0.0.1:1");
  });

  it("asks again where a waiting connection was closed as it was used, but never twice for what may not be done twice", async () => {
    const { fetch } = httpTransport({});
    let asked = 0;
    server.answer = (request, response) => {
      if (asked++ === 1) request.socket.destroy();
      else response.end();
    };
    await fetch(server.url());
    expect((await fetch(server.url())).status).toBe(200);
    expect(asked).toBe(3);
    asked = 0;
    await fetch(server.url());
    await expect(fetch(server.url(), { method: "POST" })).rejects.toThrow();
    expect(asked).toBe(2);
  });

  it("gives up a body that falls silent", async () => {
    const { fetch } = httpTransport({}, { ...IMPATIENT, connect: 5000, answer: 5000 });
    server.answer = (_, response) => void response.writeHead(200, { "content-length": 100 }).write("half");
    const { body } = await fetch(server.url());
    const reading = collect(body as ReadableStream<Uint8Array>, 100);
    await expect(reading).rejects.toMatchObject({ name: "TimeoutError", message: "sent nothing for 0.05 s" });
  });

  it("does not count the time in which nobody reads", async () => {
    const { fetch } = httpTransport({}, { ...IMPATIENT, connect: 5000, answer: 5000 });
    server.answer = (_, response) => response.end("content");
    const { body } = await fetch(server.url());
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await collect(body as ReadableStream<Uint8Array>, 100)).toHaveLength(7);
  });

  it("gives up a server that takes no more of a body", async () => {
    const { fetch } = httpTransport({}, { ...IMPATIENT, connect: 5000 });
    const sending = fetch(await rawServer(), put(512 * MIB, pieces(512)));
    await expect(sending).rejects.toMatchObject({ name: "TimeoutError", message: "took nothing for 0.05 s" });
  });

  it("gives up a server that does not answer, or lets nobody connect", async () => {
    const { fetch } = httpTransport({}, { ...IMPATIENT, connect: 5000 });
    await expect(fetch(await rawServer())).rejects.toThrow("did not answer for 0.05 s");
    const secure = httpTransport({}, { ...IMPATIENT, answer: 5000 });
    const url = (await rawServer()).replace("http:", "https:");
    await expect(secure.fetch(url)).rejects.toThrow("let nobody connect for 0.05 s");
  });

  it("says what it takes for no HTTP, and for no TLS", async () => {
    const { fetch } = httpTransport({});
    await expect(fetch(await rawServer("SSH-2.0\r\n"))).rejects.toThrow("its answer is not HTTP");
    const url = (await rawServer("HTTP/1.1 400 Bad Request\r\n\r\n")).replace("http:", "https:");
    await expect(fetch(url)).rejects.toThrow(/SSL|wrong version/i);
  });

  it("holds no more of a streamed body than is on its way", async () => {
    const { fetch } = httpTransport({});
    let received = 0;
    server.answer = async (request, response) => {
      received = await sizeOf(request);
      response.end();
    };
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const body = pieces(256, () => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    });
    expect((await fetch(server.url(), put(256 * MIB, body))).status).toBe(200);
    expect(received).toBe(256 * MIB);
    expect(peak).toBeLessThan(192 * MIB);
  });

  it("stops sending when it is answered half-way", async () => {
    const { fetch } = httpTransport({});
    let made = 0;
    server.answer = (_, response) => response.writeHead(401).end();
    const body = pieces(512, (count) => {
      made = count;
    });
    const response = await fetch(server.url(), put(512 * MIB, body));
    expect(response.status).toBe(401);
    expect(made).toBeLessThan(512);
    server.answer = (_, next) => next.end();
    expect((await fetch(server.url())).status).toBe(200);
  });

  it("stops sending when it is answered by one that takes no more", async () => {
    const { fetch } = httpTransport({});
    const url = await rawServer("HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n");
    expect((await fetch(url, put(512 * MIB, pieces(512)))).status).toBe(413);
  });

  it("gives a body larger than what is read ahead, also to who takes time over it", async () => {
    const { fetch } = httpTransport({});
    server.answer = (_, response) => response.end(Buffer.alloc(8 * MIB, 7));
    const { body } = await fetch(server.url());
    let size = 0;
    for await (const piece of chunksOf(body as ReadableStream<Uint8Array>)) {
      expect(piece.every((byte) => byte === 7)).toBe(true);
      size += piece.length;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(size).toBe(8 * MIB);
  });

  it("sends no body that is longer or shorter than it says", async () => {
    const { fetch } = httpTransport({});
    server.answer = (request, response) =>
      void sizeOf(request).then(
        () => response.end(),
        () => {},
      );
    await expect(fetch(server.url(), put(MIB, pieces(2)))).rejects.toThrow("the body is longer");
    await expect(fetch(server.url(), put(3 * MIB, pieces(2)))).rejects.toThrow("the body is shorter");
  });

  it("sends a stream of a length that nobody states, whatever pieces it has", async () => {
    const { fetch } = httpTransport({});
    let seen: unknown;
    server.answer = async (request, response) => {
      seen = [request.headers["transfer-encoding"], await sizeOf(request)];
      response.end();
    };
    const sizes = [0, 5, 0, 3 * MIB, 1, 0];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const size = sizes.shift();
        if (size === undefined) controller.close();
        else controller.enqueue(new Uint8Array(size));
      },
    });
    expect((await fetch(server.url(), { method: "PATCH", body, duplex: "half" })).status).toBe(200);
    expect(seen).toEqual(["chunked", 3 * MIB + 6]);
  });

  it("gives back the pieces of a stream that were on loan, each when it is sent", async () => {
    const { fetch } = httpTransport({});
    let back = 0;
    server.answer = async (request, response) => void response.setHeader("x", await sizeOf(request)).end();
    const loans = pieces(4).pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (piece, controller) => controller.enqueue(lend(piece, () => back++)),
      }),
    );
    expect((await fetch(server.url(), put(4 * MIB, loans))).headers.get("x")).toBe(`${4 * MIB}`);
    expect(back).toBe(4);
  });

  it("closes the connection of an answer that goes wrong", async () => {
    const { fetch } = httpTransport({});
    const { body } = await fetch(
      await rawServer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno size\r\n"),
    );
    const closed = once(([...sockets][0] as Socket).resume(), "close");
    await expect(collect(body as ReadableStream<Uint8Array>, 100)).rejects.toThrow("a chunk's size is none");
    await closed;
  });

  it("does not open a body for which there is no connection", async () => {
    const { fetch } = httpTransport({});
    const url = server.url();
    server.stop();
    let made = 0;
    const body = pieces(2, () => made++);
    await expect(fetch(url, put(2 * MIB, body))).rejects.toThrow("ECONNREFUSED");
    expect(made).toBe(0);
  });

  it("goes through the proxy that the environment names, but not to this machine", async () => {
    const { fetch } = httpTransport({ HTTP_PROXY: server.url() });
    const seen: unknown[] = [];
    server.answer = (request, response) => {
      seen.push(request.url);
      response.end();
    };
    expect((await fetch("http://registry.invalid/v2/")).status).toBe(200);
    expect((await fetch(server.url("/v2/"))).status).toBe(200);
    expect(seen).toEqual(["http://registry.invalid/v2/", "/v2/"]);
  });

  it.each([
    ["http://registry.test/", "answer", "did not answer"],
    ["https://registry.test/", "connect", "did not answer"],
    ["https://registry.test/", "connect", "let nobody connect", "https:"],
  ])(
    "gives up a proxy that is silent by its name: %s %s",
    async (url, limit, problem, protocol = "http:") => {
      const proxy = (await rawServer()).replace("http:", protocol).replace(/\/$/, "");
      // The proxy is to be reached in that time.
      const network = httpTransport(
        { HTTP_PROXY: proxy, HTTPS_PROXY: proxy },
        { ...IMPATIENT, connect: 5000, answer: 5000, [limit]: 500 },
      );
      await expect(network.fetch(url)).rejects.toMatchObject({
        name: "TimeoutError",
        message: `cannot be reached: the proxy ${new URL(proxy).host} ${problem} for 0.5 s`,
      });
    },
  );

  it.each([
    ["http://registry.test/", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "asks for a login"],
    ["https://registry.test/", "HTTP/1.1 503 Full\r\n\r\n", "answered 503"],
    ["http://registry.test/", "SSH-2.0\r\n", ": its answer is not HTTP"],
    ["https://registry.test/", "SSH-2.0\r\n", ": its answer is not HTTP"],
    ["http://registry.test/", "HTTP/1.1 400 Bad Request\r\n\r\n", ": .*(SSL|wrong version)", "https:"],
  ])("says of a proxy what it has against %s", async (url, answer, problem, protocol = "http:") => {
    const proxy = (await rawServer(answer)).replace("http:", protocol);
    const { fetch } = httpTransport({ HTTP_PROXY: proxy, HTTPS_PROXY: proxy });
    const failure = await fetch(url).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "PROXY_REFUSED" });
    expect(String(failure)).toMatch(new RegExp(`the proxy ${new URL(proxy).host} ?${problem}`));
  });

  it.each([
    [
      "closes in the middle of a body",
      "content-length: 9\r\n\r\nshort",
      "it closed the connection too early",
    ],
    [
      "closes between chunks",
      "transfer-encoding: chunked\r\n\r\n5\r\nshort\r\n",
      "it closed the connection too early",
    ],
    [
      "sends what is no chunk",
      "transfer-encoding: chunked\r\n\r\nnone\r\n",
      "its answer is not HTTP: a chunk's size is none",
      "PROXY_REFUSED",
    ],
  ])("names the proxy that %s", async (_, rest, problem, code = "ECONNRESET") => {
    const proxy = await rawServer(`HTTP/1.1 200 OK\r\n${rest}`);
    const { body } = await httpTransport({ HTTP_PROXY: proxy }).fetch("http://registry.test/");
    const read = body && collect(body, 100);
    for (const socket of sockets) socket.end();
    await expect(read).rejects.toMatchObject({
      code,
      message: `the proxy ${new URL(proxy).host}: ${problem}`,
    });
  });

  it("blames nobody but the host for a body that breaks without a proxy", async () => {
    const { body } = await httpTransport({}).fetch(
      await rawServer("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"),
    );
    const read = body && collect(body, 100);
    for (const socket of sockets) socket.end();
    await expect(read).rejects.toMatchObject({ message: "it closed the connection too early" });
  });

  it("says of a proxy that nobody is there what it says of others, and whom", async () => {
    const { host } = new URL(server.url());
    server.stop();
    const failure = await httpTransport({ HTTP_PROXY: host })
      .fetch("http://r.test/")
      .catch((error) => error);
    expect(failure).toMatchObject({ code: "ECONNREFUSED" });
    expect(failure.message).toContain(`the proxy ${host}: connect ECONNREFUSED`);
  });

  it("ends with the reason it is given, also when that is at a proxy", async () => {
    const stop = new AbortController();
    const reason = new SealiftError("ABORTED", "Cannot finish: it was interrupted");
    const { fetch } = httpTransport({ HTTP_PROXY: server.url() });
    server.answer = () => stop.abort(reason);
    const asking = fetch("http://registry.invalid/", { signal: stop.signal });
    await expect(asking.catch((error: unknown) => error)).resolves.toBe(reason);
  });

  it("knows no ports that one must not ask", async () => {
    const { fetch } = httpTransport({});
    const blocked = new TestServer();
    // Of fetch's list; another process may have one of them.
    for (const port of [6566, 6666, 6697, 10080, 1719]) {
      if (await blocked.start(port).catch(() => true)) continue;
      const { status } = await fetch(blocked.url());
      blocked.stop();
      return expect(status).toBe(200);
    }
    throw new Error("All of them are taken");
  });

  it("closes its connections at the end", async () => {
    const network = httpTransport({});
    const closed = new Promise((resolve) => {
      server.answer = (request, response) => {
        request.socket.once("close", () => resolve("closed"));
        response.end();
      };
    });
    await network.fetch(server.url());
    network.dispose();
    expect(await closed).toBe("closed");
  });
});
