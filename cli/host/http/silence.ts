import type { Socket } from "node:net";

/**
 * Node sees how far a large write has come only when a timeout is over, and then
 * waits for all of it again: a silence of a minute would last two.
 */
const PARTS = 4;

/** What of a socket tells that it is alive. */
export type Watched = Pick<Socket, "on" | "setTimeout" | "bytesRead" | "bytesWritten" | "writableLength">;

/** A socket's silence, told once it has lasted for the limit, and at the latest a quarter of that later. */
export class Silence {
  readonly #socket: Watched;
  readonly #now: () => number;
  #part = 0;
  /** Parts of the limit that went by without a byte. */
  #silent = 0;
  /** When the last of them ended, and what the socket had moved by then. */
  #last = { at: 0, moved: "" };

  /** `now` gives milliseconds that only grow. */
  constructor(socket: Watched, onSilence: () => void, now = () => process.uptime() * 1000) {
    this.#socket = socket;
    this.#now = now;
    socket.on("timeout", () => {
      if (this.#isOver()) onSilence();
      else socket.setTimeout(this.#part);
    });
  }

  /** From now on so many milliseconds are the limit; with zero, there is none. */
  limit(milliseconds: number): void {
    this.#part = milliseconds / PARTS;
    this.#silent = 0;
    this.#socket.setTimeout(this.#part);
  }

  /** One more part was silent; whether that was the last. */
  #isOver(): boolean {
    const { bytesRead, bytesWritten, writableLength } = this.#socket;
    const [at, moved] = [this.#now(), `${bytesRead} ${bytesWritten} ${writableLength}`];
    // A part in which a write has come on has no timeout of its own, and shows by that alone.
    const wasAlive = moved !== this.#last.moved || at - this.#last.at >= 2 * this.#part;
    this.#silent = wasAlive ? 1 : this.#silent + 1;
    this.#last = { at, moved };
    return this.#silent >= PARTS;
  }
}
