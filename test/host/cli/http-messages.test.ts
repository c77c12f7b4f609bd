/** What the client of HTTP takes for an answer, and what it does not, however the bytes are cut. */
import { describe, expect, it } from "vitest";
import type { Incoming } from "../../../cli/host/http/connection.ts";
import { requestHead } from "../../../cli/host/http/request-head.ts";
import { bodyOf, framingOf } from "../../../cli/host/http/response-body.ts";
import { readHead } from "../../../cli/host/http/response-head.ts";

/** The text in pieces of so many bytes. */
function arriving(text: string, size: number): Incoming & { rest(): string } {
  let left = Uint8Array.from(Buffer.from(text, "latin1"));
  return {
    async read() {
      const piece = left.subarray(0, size);
      left = left.subarray(size);
      return piece.length > 0 ? piece : undefined;
    },
    unread(bytes) {
      left = Uint8Array.from(Buffer.concat([bytes, left]));
    },
    rest: () => Buffer.from(left).toString("latin1"),
  };
}

const SIZES = [1, 2, 3, 7, 64, 1 << 20];

async function answerOf(text: string, size: number, method = "GET") {
  const incoming = arriving(text, size);
  const head = await readHead(incoming);
  const framing = framingOf(head, method);
  const pieces: Uint8Array[] = [];
  if (framing.type !== "none") for await (const piece of bodyOf(incoming, framing)) pieces.push(piece);
  return {
    status: head.status,
    headers: Object.fromEntries(head.headers),
    persistent: head.persistent,
    body: Buffer.concat(pieces).toString("latin1"),
    rest: incoming.rest(),
  };
}

describe.each(SIZES)("an answer that arrives in pieces of %d bytes", (size) => {
  it("has status, headers, and a body of the length it states; what follows stays", async () => {
    const text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b c \t\r\nx-a:d\r\nEmpty:\r\n\r\nhello";
    expect(await answerOf(`${text}HTTP/1.1 404`, size)).toEqual({
      status: 200,
      headers: { "content-length": "5", "x-a": "b c, d", empty: "" },
      persistent: true,
      body: "hello",
      rest: "HTTP/1.1 404",
    });
  });

  it.each([
    ["HTTP/1.1 204 OK", true],
    ["HTTP/1.1 204 OK\r\nConnection: Close", false],
    ["HTTP/1.0 204 OK", false],
    ["HTTP/1.0 204 OK\r\nConnection: Keep-Alive", true],
  ])("beginning with %j says whether another may follow: %s", async (text, persistent) => {
    expect(await answerOf(`${text}\r\n\r\n`, size)).toMatchObject({ persistent });
  });

  it("may say its length again", async () => {
    const text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello";
    expect(await answerOf(text, size)).toMatchObject({ body: "hello", rest: "" });
  });

  it("may be preceded by provisional ones", async () => {
    const text =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
    expect(await answerOf(text, size)).toMatchObject({ status: 204, headers: {}, body: "" });
  });

  it("may be in chunks, with extensions and trailers that nobody reads", async () => {
    const chunks =
      '5\r\nhello\r\n06;name="v"\r\n world\r\nA \r\n0123456789\r\n0\r\nx-trailer: 1\r\ny: 2\r\n\r\n';
    const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n${chunks}next`;
    expect(await answerOf(text, size)).toMatchObject({ body: "hello world0123456789", rest: "next" });
  });

  it("ends with its connection where it says nothing of its length", async () => {
    const text = "HTTP/1.0 200 OK\r\n\r\nhello\r\n\r\n";
    expect(await answerOf(text, size)).toMatchObject({ persistent: false, body: "hello\r\n\r\n" });
  });

  it.each([
    ["HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n"],
    ["GET", "HTTP/1.1 204 \r\ntransfer-encoding: chunked\r\n\r\n"],
  ])("has no body where %s cannot have one", async (method, text) => {
    expect(await answerOf(text, size, method)).toMatchObject({ body: "" });
  });

  it.each([
    ["nothing at all", "", "closed the connection too early"],
    ["another protocol", "SSH-2.0-OpenSSH\r\n\r\n", "does not begin as one"],
    ["HTTP/2", "HTTP/2 200\r\n\r\n", "does not begin as one"],
    ["no status", "HTTP/1.1 OK\r\n\r\n", "does not begin as one"],
    ["half a head", "HTTP/1.1 200 OK\r\nx: y\r\n", "closed the connection too early"],
    ["a folded header", "HTTP/1.1 200 OK\r\nx: y\r\n z\r\n\r\n", "one of its headers is none"],
    ["a space before the colon", "HTTP/1.1 200 OK\r\nx : y\r\n\r\n", "one of its headers is none"],
    ["a line feed alone", "HTTP/1.1 200 OK\r\nx: y\nz: a\r\n\r\n", "head does not end as one"],
    ["a carriage return alone", "HTTP/1.1 200 OK\r\nx: y\rz: a\r\n\r\n", "head does not end as one"],
    ["a protocol changed unasked", "HTTP/1.1 101 Switching\r\n\r\n", "changes the protocol"],
    [
      "two lengths",
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
      "length is not a number",
    ],
    [
      "a length beyond all",
      `HTTP/1.1 200 OK\r\ncontent-length: ${"9".repeat(16)}\r\n\r\n`,
      "length is not a number",
    ],
    ["a NUL in a header", "HTTP/1.1 200 OK\r\nx: y\0z\r\n\r\n", "one of its headers is none"],
    ["a negative length", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "length is not a number"],
    ["a length with a sign", "HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\na", "length is not a number"],
    [
      "a length beside chunks",
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      "stated twice",
    ],
    [
      "a coding of its own",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
      "was not asked for",
    ],
    [
      "a body cut short",
      "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhell",
      "closed the connection too early",
    ],
    [
      "chunks cut short",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhell",
      "closed the connection",
    ],
    [
      "no last chunk",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n",
      "closed the connection",
    ],
    [
      "no trailers' end",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
      "closed the connection",
    ],
    ["a size that is none", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x5\r\n", "size is none"],
    [
      "a size beyond all",
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${"f".repeat(16)}\r\n`,
      "size is none",
    ],
    [
      "a chunk that is longer",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
      "between its",
    ],
    [
      "a line feed alone after a size",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
      "between its chunks",
    ],
  ])("is refused for %s", async (_, text, reason) => {
    await expect(answerOf(text, size)).rejects.toThrow(reason);
  });
});

describe("an answer without end", () => {
  /** What comes is all that comes, and nobody says so. */
  function stalling(text: string): Incoming {
    const incoming = arriving(text, 1);
    return { ...incoming, read: async () => (await incoming.read()) ?? new Promise(() => {}) };
  }

  it.each([
    "HTTP/1.1 200 OK\nx: y\n\n",
    "HTTP/1.1 200 OK\r\nx: y\n\n",
    "HTTP/1.1 200 OK\r\r",
    "SSH-2.0-x\r\n",
  ])("is refused for its lines, not for its silence: %j", async (text) => {
    await expect(readHead(stalling(text))).rejects.toMatchObject({ code: "NOT_HTTP" });
  });

  it.each(["5\n", "1\r\na\n", "0\r\nx: y\n"])(
    "is refused for the lines between its chunks, not for its silence: %j",
    async (text) => {
      const reading = async () => {
        for await (const _ of bodyOf(stalling(text), { type: "chunked" }));
      };
      await expect(reading()).rejects.toMatchObject({ code: "NOT_HTTP" });
    },
  );

  it("is refused by its headers' length", async () => {
    const text = `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(20_000)}`;
    for (const size of [1000, 60_000, 1 << 20])
      await expect(answerOf(`${text}\r\n`, size)).rejects.toThrow("longer than 65536 bytes");
  });

  it("is refused where it stays provisional", async () => {
    const text = "HTTP/1.1 102 Processing\r\n\r\n".repeat(1000);
    await expect(answerOf(text, 1000)).rejects.toThrow("it stays provisional");
  });

  it.each([
    ["size", `${"0".repeat(5000)}5\r\nhello\r\n`],
    ["extension", `5;${"x".repeat(5000)}\r\nhello\r\n`],
    ["trailers", `0\r\n${"x: y\r\n".repeat(20_000)}\r\n`],
  ])("is refused by its chunks' %s", async (_, chunks) => {
    const text = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`;
    await expect(answerOf(text, 1000)).rejects.toThrow("too long");
  });

  it("is looked through once, whatever its spaces", async () => {
    const text = `HTTP/1.1 204 OK\r\nx: a${" ".repeat(60_000)}b\r\n\r\n`;
    expect((await answerOf(text, 1 << 20)).headers.x).toHaveLength(60_002);
  });
});

describe("a request's head", () => {
  it("is the request, its headers and an empty line", () => {
    expect(requestHead("GET", "/v2/", { host: "a:1", accept: "*/*" })).toBe(
      "GET /v2/ HTTP/1.1\r\nhost: a:1\r\naccept: */*\r\n\r\n",
    );
  });

  it.each([
    ["authorization", "Bearer x\r\nhost: elsewhere"],
    ["x", "a\nb"],
    ["x", "a\0"],
    ["x", "\u{1f6a2}"],
    ["x y", "a"],
    ["", "a"],
  ])("is refused for the header %j of %j, which it does not repeat", (name, value) => {
    const making = () => requestHead("GET", "/", { [name]: value });
    expect(making).toThrow("has a character that none may have");
    expect(making).not.toThrow(/Bearer/);
  });
});
