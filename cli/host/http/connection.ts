import type { Socket } from "node:net";
import { Silence } from "./silence.ts";
import { Slabs } from "./slabs.ts";
import { timedOut } from "./timeouts.ts";

/** Bytes that are read before they are asked for, and written before they are sent. */
const AHEAD = 256 * 1024;

/** What a connection's socket is to be made with. */
export interface SocketOptions {
  readonly highWaterMark: number;
  readonly onread: {
    readonly buffer: () => Uint8Array;
    readonly callback: (length: number) => boolean;
  };
}

/** Bytes that arrive. */
export interface Incoming {
  /** The next of them; undefined when no more will come. Throws why the connection broke. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Takes back what was read too much. */
  unread(bytes: Uint8Array<ArrayBuffer>): void;
}

/** Makes a socket; the options go to what makes it. */
export type OpenSocket = (options: SocketOptions) => Socket;

/** A socket's bytes, as they are given and asked for; while a limit is set, silence of the other side breaks it. */
export class Connection implements Incoming {
  readonly #socket: Socket;
  readonly #silence: Silence;
  readonly #slabs = new Slabs();
  /** Arrived, and not asked for yet. */
  readonly #ready: Uint8Array<ArrayBuffer>[] = [];
  #readySize = 0;
  /** No more will come. */
  #over = false;
  #failure: Error | undefined;
  #wakeReader = () => {};
  #wakeWriter = () => {};
  #patience = { milliseconds: 0, problem: "" };

  /** `proxy` is at the other end where it is not the host that is asked. */
  constructor(open: OpenSocket, proxy?: URL) {
    const callback = (length: number) => this.#take(this.#slabs.take(length));
    const socket = open({ highWaterMark: AHEAD, onread: { buffer: this.#slabs.room, callback } });
    // One that goes over another socket takes no `onread`, and tells its bytes so.
    socket.on("data", (piece: Buffer<ArrayBuffer>) => {
      if (!this.#take(new Uint8Array(piece.buffer, piece.byteOffset, piece.length))) socket.pause();
    });
    socket.on("drain", () => this.#wakeWriter());
    socket.on("error", (error) => this.#end(error));
    for (const event of ["end", "close"]) socket.on(event, () => this.#end());
    this.#socket = socket;
    this.#silence = new Silence(socket, () => {
      const { problem, milliseconds } = this.#patience;
      this.destroy(timedOut(problem, milliseconds, proxy));
    });
  }

  get isOpen(): boolean {
    return !this.#over;
  }

  /** Whether it can carry another exchange: it stands, and nothing has come unasked. */
  get isClean(): boolean {
    return !this.#over && this.#readySize === 0;
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (;;) {
      const bytes = this.#ready.shift();
      if (bytes) return this.#give(bytes);
      if (this.#failure) throw this.#failure;
      if (this.#over) return undefined;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }

  unread(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length === 0) return;
    this.#ready.unshift(bytes);
    this.#readySize += bytes.length;
  }

  /** The same bytes, none of which is waited for longer than so many milliseconds. */
  within(milliseconds: number): Incoming {
    return {
      read: async () => {
        if (this.#ready.length > 0 || this.#over) return this.read();
        this.limit(milliseconds, "sent nothing");
        try {
          return await this.read();
        } finally {
          this.limit(0);
        }
      },
      unread: (bytes) => this.unread(bytes),
    };
  }

  /**
   * Sends bytes as long as it is open, which nobody may change before they are
   * `onSent`; whether there is room for others.
   */
  write(parts: readonly (Uint8Array | string)[], onSent = () => {}): boolean {
    this.#socket.cork();
    const sent = (error?: Error | null) => void (error ?? onSent());
    parts.forEach((part, at) => {
      this.#socket.write(part, "latin1", at === parts.length - 1 ? sent : undefined);
    });
    this.#socket.uncork();
    return !this.#socket.writableNeedDrain;
  }

  /** Resolves when there is room for more, the connection is over, or somebody interrupts. */
  async drained(): Promise<void> {
    if (this.#over) return;
    await new Promise<void>((resolve) => {
      this.#wakeWriter = resolve;
    });
  }

  /** Ends the wait for room. */
  interrupt(): void {
    this.#wakeWriter();
  }

  /**
   * From now on so many milliseconds of silence break it; with zero, none does.
   * Node counts a large write's progress as life: a slow line is no dead one.
   */
  limit(milliseconds: number, problem = ""): void {
    this.#patience = { milliseconds, problem };
    this.#silence.limit(milliseconds);
  }

  /** Whether the process has to wait for it. */
  hold(busy: boolean): void {
    if (busy) this.#socket.ref();
    else this.#socket.unref();
  }

  onClose(listener: () => void): void {
    this.#socket.once("close", listener);
  }

  destroy(reason?: Error): void {
    this.#end(reason);
    this.#socket.destroy();
  }

  #take(bytes: Uint8Array<ArrayBuffer>): boolean {
    this.#ready.push(bytes);
    this.#readySize += bytes.length;
    this.#wakeReader();
    return this.#readySize < AHEAD;
  }

  #give(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const wasFull = this.#readySize >= AHEAD;
    this.#readySize -= bytes.length;
    if (wasFull && this.#readySize < AHEAD) this.#socket.resume();
    return bytes;
  }

  #end(failure?: Error): void {
    if (!this.#over) this.#failure = failure;
    this.#over = true;
    this.#wakeReader();
    this.#wakeWriter();
  }
}

/** As sockets say it themselves. */
export function ended(): Error {
  return Object.assign(new Error("it closed the connection too early"), { code: "ECONNRESET" });
}
