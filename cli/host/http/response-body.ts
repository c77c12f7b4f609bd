import type { IncomingMessage } from "node:http";
import type { Readable, Transform } from "node:stream";
import { type ByteStream, streamFrom } from "../../../src/bytes/stream.ts";
import { timedOut } from "./timeouts.ts";

/**
 * Bytes that are read before they are asked for. Pieces are as large as the
 * socket gives them, 64 KiB: joined they would be fewer and need more memory,
 * whose collection took longer than all the steps of the pieces.
 */
export const READ_AHEAD = 256 * 1024;

/** What is still to come of a body that nobody wants is read rather than its connection given up, up to this many bytes. */
const WORTH_A_CONNECTION = 64 * 1024;

/** The body as a stream that reads no further ahead; cancelled, it lets go of the connection. */
export function responseBody(message: IncomingMessage, silence: number): ByteStream {
  const pieces = new Pieces(message, decoded(message), silence);
  return streamFrom(pieces.all(), () => pieces.discard());
}

/** Nothing encoded is asked for, but there are servers that send it all the same; as fetch does, it is decoded. */
function decoded(message: IncomingMessage): Readable {
  const decoder = decoderOf(message.headers["content-encoding"]);
  return decoder ? process.getBuiltinModule("node:stream").pipeline(message, decoder, () => {}) : message;
}

function decoderOf(encoding = ""): Transform | undefined {
  switch (encoding.trim().toLowerCase()) {
    case "gzip":
    case "x-gzip":
      return process.getBuiltinModule("node:zlib").createGunzip();
    case "deflate":
      return process.getBuiltinModule("node:zlib").createInflate();
    case "br":
      return process.getBuiltinModule("node:zlib").createBrotliDecompress();
    default:
      return undefined;
  }
}

class Pieces {
  readonly #message: IncomingMessage;
  readonly #bytes: Readable;
  readonly #silence: number;
  /** Arrived, and not asked for yet. */
  readonly #ready: Buffer[] = [];
  #readySize = 0;
  #received = 0;
  #failure: unknown;
  #wake = () => {};

  constructor(message: IncomingMessage, bytes: Readable, silence: number) {
    this.#message = message;
    this.#bytes = bytes;
    this.#silence = silence;
    bytes.on("error", (error) => {
      this.#failure = error;
      this.#wake();
    });
    bytes.on("end", () => this.#wake());
  }

  /** What arrives, as it does. */
  async *all(): AsyncGenerator<Uint8Array, void, void> {
    this.#bytes.on("data", this.#take);
    try {
      for (;;) {
        const piece = this.#ready.shift();
        if (piece) yield this.#give(piece);
        else if (this.#failure !== undefined) throw this.#failure;
        else if (this.#bytes.readableEnded) return;
        else await this.#arrival();
      }
    } finally {
      if (!this.#bytes.readableEnded) await this.discard();
    }
  }

  /** Lets go of the rest, and of the connection if there is much of it. */
  async discard(): Promise<void> {
    const left = Number(this.#message.headers["content-length"]) - this.#received;
    if (!this.#message.complete && !(left <= WORTH_A_CONNECTION)) return void this.#message.destroy();
    this.#bytes.off("data", this.#take).resume();
    if (!this.#bytes.readableEnded && this.#failure === undefined) await this.#arrival();
  }

  readonly #take = (piece: Buffer): void => {
    this.#ready.push(piece);
    this.#readySize += piece.length;
    this.#received += piece.length;
    if (this.#readySize >= READ_AHEAD) this.#bytes.pause();
    this.#wake();
  };

  #give(piece: Buffer): Uint8Array {
    this.#readySize -= piece.length;
    if (this.#readySize < READ_AHEAD / 2 && this.#bytes.isPaused()) this.#bytes.resume();
    return new Uint8Array(piece.buffer, piece.byteOffset, piece.length);
  }

  /** Resolves when there are more bytes, or none will come; a server that is silent is given up. */
  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      const silent = () => this.#message.destroy(timedOut("sent nothing", this.#silence));
      const timer = setTimeout(silent, this.#silence);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
