/** What a connection does to its socket: when it reads, what it sends at once, whom it keeps waiting; and which are kept. */
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { Connection, type SocketOptions } from "../../../cli/host/http/connection.ts";
import { Connections } from "../../../cli/host/http/connections.ts";
import { exchange } from "../../../cli/host/http/exchange.ts";
import type { FetchInit } from "../../../src/host.ts";

const KIB = 1024;

/** A socket that is told what arrives, and remembers what it was asked. */
class FakeSocket extends Duplex {
  readonly sent: string[][] = [];
  readonly limits: number[] = [];
  isHeld = true;
  /** What the next write fails with. */
  broken: Error | undefined;
  /** Whether the other side takes nothing. */
  isStuck = false;

  override _read(): void {}

  override _writev(parts: { chunk: Buffer }[], done: (error?: Error) => void): void {
    this.sent.push(parts.map(({ chunk }) => chunk.toString("latin1")));
    if (!this.isStuck) done(this.broken);
  }

  setTimeout(milliseconds: number): this {
    this.limits.push(milliseconds);
    return this;
  }

  ref(): this {
    this.isHeld = true;
    return this;
  }

  unref(): this {
    this.isHeld = false;
    return this;
  }
}

function connected() {
  const socket = new FakeSocket();
  let options: SocketOptions | undefined;
  const connection = new Connection((given) => {
    options = given;
    return socket as never;
  });
  const { onread } = options as unknown as SocketOptions;
  /** As a socket does that takes `onread`; whether it is to go on. */
  const arrive = (length: number) => {
    for (let left = length; left > 0; ) {
      const filled = Math.min(left, onread.buffer().length);
      left -= filled;
      if (!onread.callback(filled) && left === 0) return false;
    }
    return true;
  };
  return { socket, connection, arrive };
}

/** What streams tell, they tell in a turn of their own. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a connection", () => {
  it("reads no more ahead than its measure, and goes on once that is read", async () => {
    const { socket, connection, arrive } = connected();
    let resumed = 0;
    socket.resume = () => {
      resumed++;
      return socket;
    };
    expect(arrive(64 * KIB)).toBe(true);
    expect(arrive(256 * KIB)).toBe(false);
    expect(resumed).toBe(0);
    let read = 0;
    while (read < 320 * KIB) read += (await connection.read())?.length ?? Number.NaN;
    expect({ read, resumed }).toEqual({ read: 320 * KIB, resumed: 1 });
    expect(arrive(64 * KIB)).toBe(true);
  });

  it("over another socket, which tells its bytes, does the same", async () => {
    const { socket, connection } = connected();
    socket.push(new Uint8Array(300 * KIB));
    socket.push(new Uint8Array(KIB));
    await turn();
    expect(socket.isPaused()).toBe(true);
    expect(await connection.read()).toHaveLength(300 * KIB);
    expect(socket.isPaused()).toBe(false);
    expect(await connection.read()).toHaveLength(KIB);
  });

  it("carries no other exchange when something has come unasked, or it is over", () => {
    const { connection, arrive } = connected();
    expect(connection.isClean).toBe(true);
    arrive(1);
    expect(connection.isClean).toBe(false);
    const other = connected().connection;
    other.destroy();
    expect(other.isClean).toBe(false);
  });

  it("gives what had come before it broke, and then why it broke, whatever is said later", async () => {
    const { socket, connection, arrive } = connected();
    arrive(5);
    connection.destroy(new Error("sent nothing"));
    socket.emit("error", new Error("reset"));
    expect(await connection.read()).toHaveLength(5);
    for (let time = 0; time < 2; time++) await expect(connection.read()).rejects.toThrow("sent nothing");
  });

  it("wakes who waits for bytes, and who waits for room, when it ends", async () => {
    const { socket, connection } = connected();
    const waiting = Promise.all([connection.read(), connection.drained()]);
    socket.emit("end");
    expect(await waiting).toEqual([undefined, undefined]);
    await connection.drained();
  });

  it("limits silence while somebody waits for bytes, and no longer", async () => {
    const { socket, connection, arrive } = connected();
    const { read } = connection.within(4000);
    arrive(3);
    await read();
    expect(socket.limits).toEqual([]);
    const waiting = read();
    expect(socket.limits).toEqual([1000]);
    arrive(3);
    await waiting;
    expect(socket.limits).toEqual([1000, 0]);
  });

  it("sends the parts of a message together, and says when they are sent, but not where they are not", async () => {
    const { socket, connection } = connected();
    let sent = 0;
    connection.write(["a", "b", "c"], () => sent++);
    expect(socket.sent).toEqual([["a", "b", "c"]]);
    await turn();
    expect(sent).toBe(1);
    socket.broken = new Error("reset");
    connection.write(["d", "e"], () => sent++);
    await turn();
    expect(sent).toBe(1);
  });

  it("holds up the end of the process only while it is used", () => {
    const { socket, connection } = connected();
    connection.hold(false);
    expect(socket.isHeld).toBe(false);
    connection.hold(true);
    expect(socket.isHeld).toBe(true);
  });
});

describe("an exchange", () => {
  const timeouts = { connect: 4, answer: 400, storing: 4_000, silence: 40_000 };
  const HEAD = "GET / HTTP/1.1\r\n\r\n";

  it.each<[string, FetchInit, number]>([
    ["sends nothing", {}, 100],
    ["sends something, which the other side may have to read again,", { body: new Uint8Array(5) }, 1000],
  ])("that %s has its own limit for the answer, which ends with it", async (_, init, limit) => {
    const { socket, connection } = connected();
    const exchanging = exchange(connection, HEAD, init, timeouts);
    await turn();
    expect(socket.limits).toEqual([limit]);
    socket.push("HTTP/1.1 204 No Content\r\n\r\n");
    expect(await exchanging).toMatchObject({ answer: { status: 204 }, sent: true });
    expect(socket.limits).toEqual([limit, 0]);
  });

  it("ends with the answer of one that takes no more of a body", async () => {
    const { socket, connection } = connected();
    socket.isStuck = true;
    const exchanging = exchange(connection, HEAD, { body: new Uint8Array(1 << 20) }, timeouts);
    await turn();
    expect(socket.limits).toEqual([10_000]);
    socket.push("HTTP/1.1 413 Content Too Large\r\n\r\n");
    expect(await exchanging).toMatchObject({ answer: { status: 413 } });
    expect(socket.limits.at(-1)).toBe(0);
  });

  it("sends nothing more of a body once an answer has arrived", async () => {
    const { socket, connection } = connected();
    const pieces = ["one", "two", "three"];
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          controller.enqueue(Buffer.from(pieces.shift() as string));
          // It arrives in the round of the loop after this one.
          if (pieces.length === 1)
            setImmediate(() => setImmediate(() => socket.push("HTTP/1.1 401 No\r\n\r\n")));
        },
      },
      { highWaterMark: 0 },
    );
    const init = { body, headers: { "content-length": "11" } };
    expect(await exchange(connection, HEAD, init, timeouts)).toMatchObject({
      answer: { status: 401 },
      sent: false,
    });
    expect(socket.sent.flat()).toEqual([HEAD, "one"]);
  });
});

describe("connections that are kept", () => {
  function fake() {
    const seen: string[] = [];
    let closed = () => {};
    const connection = {
      isClean: true,
      hold: (busy: boolean) => seen.push(busy ? "held" : "let go"),
      destroy: () => seen.push("destroyed"),
      onClose(listener: () => void) {
        closed = listener;
      },
    };
    return { connection: connection as unknown as Connection, fake: connection, seen, close: () => closed() };
  }

  it("are given for the place they lead to, the last first, and hold up nobody until then", () => {
    const connections = new Connections();
    const [one, two] = [fake(), fake()];
    for (const { connection } of [one, two]) connections.keep("http://a", connection);
    expect(connections.take("http://b")).toBeUndefined();
    expect(connections.take("http://a")).toBe(two.connection);
    expect([one.seen, two.seen]).toEqual([["let go"], ["let go", "held"]]);
    expect(connections.take("http://a")).toBe(one.connection);
    expect(connections.take("http://a")).toBeUndefined();
  });

  it("are given up where something came unasked, or the server's patience is about to end", () => {
    const connections = new Connections();
    const [unclean, late, good] = [fake(), fake(), fake()];
    connections.keep("a", good.connection, "timeout=5, max=100");
    connections.keep("a", late.connection, "max=100, timeout=1");
    connections.keep("a", unclean.connection);
    unclean.fake.isClean = false;
    expect(connections.take("a")).toBe(good.connection);
    expect([unclean, late, good].map(({ seen }) => seen.at(-1))).toEqual(["destroyed", "destroyed", "held"]);
  });

  it("are closed at the end, as are those in use, unless they are", () => {
    const connections = new Connections();
    const [used, kept, over] = [fake(), fake(), fake()];
    for (const { connection } of [used, kept, over]) connections.add(connection);
    connections.keep("a", kept.connection);
    over.close();
    connections.dispose();
    expect([used.seen, kept.seen, over.seen]).toEqual([["destroyed"], ["let go", "destroyed"], []]);
    expect(connections.take("a")).toBeUndefined();
  });
});
