import type { IncomingMessage } from "node:http";
import type { Readable, Transform } from "node:stream";
import type { ByteStream } from "../../../src/bytes/stream.ts";
import { timedOut } from "./timeouts.ts";

/**
 * Bytes of a body that are read before they are asked for, and the size of the
 * pieces it is given in where the network is faster than we are: each piece
 * costs some dozen steps on its way, whatever its size.
 */
export const READ_AHEAD = 256 * 1024;

/** What is still to come of a body that nobody wants is read rather than its connection given up, up to this many bytes. */
const WORTH_A_CONNECTION = 64 * 1024;

/** The body as a stream that reads no further ahead; cancelled, it lets go of the connection. */
export function responseBody(message: IncomingMessage, silence: number): ByteStream {
  const pieces = new Pieces(message, decoded(message), silence);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await pieces.next();
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
      cancel: () => pieces.discard(),
    },
    { highWaterMark: 0 },
  );
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
  #failure: unknown;
  #received = 0;
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

  /** What has arrived; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const bytes = this.#bytes;
    if (bytes.listenerCount("readable") === 0) bytes.on("readable", () => this.#wake());
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const piece: Buffer | null = bytes.read();
      if (piece) {
        this.#received += piece.length;
        return new Uint8Array(piece.buffer, piece.byteOffset, piece.length);
      }
      if (bytes.readableEnded) return undefined;
      await this.#arrival();
      // The rest of what this turn of the event loop brings comes along.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Lets go of the rest, and of the connection if there is much of it. */
  async discard(): Promise<void> {
    const left = Number(this.#message.headers["content-length"]) - this.#received;
    if (!this.#message.complete && !(left <= WORTH_A_CONNECTION)) return void this.#message.destroy();
    this.#bytes.removeAllListeners("readable").resume();
    if (!this.#bytes.readableEnded && this.#failure === undefined) await this.#arrival();
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
