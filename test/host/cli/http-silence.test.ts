/** How long a connection may be silent, as Node's sockets tell it: by timeouts, none of which comes while a write moves. */
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { Silence } from "../../../cli/host/http/silence.ts";

/** A socket on a clock of its own, with Node's rules for timeouts. */
class ClockedSocket extends EventEmitter {
  bytesRead = 0;
  bytesWritten = 0;
  writableLength = 0;
  now = 0;
  /** Of a write that the system takes bit by bit. */
  #queue = 0;
  #seenQueue = 0;
  #patience = 0;
  #due = Number.POSITIVE_INFINITY;

  setTimeout(milliseconds: number): this {
    this.#patience = milliseconds;
    this.#refresh();
    return this;
  }

  read(bytes: number): void {
    this.bytesRead += bytes;
    this.#refresh();
  }

  /** The system takes a part of what was written. */
  progress(): void {
    this.#queue++;
  }

  pass(milliseconds: number): void {
    for (const end = this.now + milliseconds; this.now < end; ) {
      this.now++;
      if (this.now < this.#due) continue;
      this.#refresh();
      if (this.#queue === this.#seenQueue) this.emit("timeout");
      this.#seenQueue = this.#queue;
    }
  }

  #refresh(): void {
    this.#due = this.#patience === 0 ? Number.POSITIVE_INFINITY : this.now + this.#patience;
  }
}

function watched(limit: number) {
  const socket = new ClockedSocket();
  const over: number[] = [];
  const silence = new Silence(
    socket as never,
    () => {
      over.push(socket.now);
      silence.limit(0);
    },
    () => socket.now,
  );
  silence.limit(limit);
  return { socket, silence, over };
}

describe("a silence", () => {
  it("is over the limit when that has passed, and told once", () => {
    const { socket, over } = watched(1000);
    socket.pass(5000);
    expect(over).toEqual([1000]);
  });

  it.each([1, 100, 249, 250, 600, 999])("is counted from the last byte that came, at %d ms", (at) => {
    const { socket, over } = watched(1000);
    socket.pass(at);
    socket.read(1);
    socket.pass(5000);
    expect(over).toEqual([at + 1000]);
  });

  it.each([1, 100, 249, 251, 600, 999])(
    "is told a quarter later at most after a write came on, at %d ms",
    (at) => {
      const { socket, over } = watched(1000);
      socket.pass(at);
      socket.progress();
      socket.pass(5000);
      expect(over).toHaveLength(1);
      expect(over[0]).toBeGreaterThanOrEqual(at + 1000);
      expect(over[0]).toBeLessThanOrEqual(at + 1250);
    },
  );

  it("never ends a write that comes on a little in each limit", () => {
    const { socket, over } = watched(1000);
    for (let time = 0; time < 50; time++) {
      socket.pass(950);
      socket.progress();
    }
    expect(over).toEqual([]);
  });

  it("begins anew with each limit, and has no end without one", () => {
    const { socket, silence, over } = watched(1000);
    for (let time = 0; time < 5; time++) {
      socket.pass(900);
      silence.limit(1000);
    }
    silence.limit(0);
    socket.pass(10_000);
    expect(over).toEqual([]);
  });
});
