/**
 * Named pipes. Opening one waits for its other end, reading and writing for
 * what is done there: in a thread for files each would wait for ever, deaf to
 * an interruption, and hold the process's end as well.
 */
import { close, closeSync, constants, open, openSync } from "node:fs";
import { Socket } from "node:net";
import { finished } from "node:stream/promises";
import { promisify } from "node:util";
import type { FileWriter } from "../../src/bytes/files.ts";
import { giveBack } from "../../src/bytes/loan.ts";
import { type ByteStream, streamFrom } from "../../src/bytes/stream.ts";
import { filing } from "./file-error.ts";

/** A pipe's bytes, from when a writer has it open until the last one closes it. Fails when the signal aborts. */
export function readPipe(path: string, signal?: AbortSignal): ByteStream {
  return streamFrom(chunks(path, signal));
}

async function* chunks(path: string, signal: AbortSignal | undefined) {
  const socket = await openPipe(path, "r", signal);
  const iterator: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await filing("read", path, () => iterator.next());
      if (done) return;
      yield new Uint8Array(value.buffer, value.byteOffset, value.length);
    }
  } finally {
    socket.destroy();
  }
}

/** Writes to a pipe as its reader takes it. Waits for a reader; fails when the signal aborts, or the reader goes. */
export async function writePipe(path: string, signal?: AbortSignal): Promise<FileWriter> {
  const socket = await openPipe(path, "w", signal);
  return {
    write: (chunk) =>
      filing("write", path, async () => {
        await new Promise<void>((resolve, reject) => {
          socket.write(chunk, (error) => (error ? reject(error) : resolve()));
        });
        giveBack(chunk);
      }),
    commit: () => filing("write", path, () => finished(socket.end())),
    async abort() {
      socket.destroy();
    },
  };
}

async function openPipe(path: string, flags: "r" | "w", signal: AbortSignal | undefined): Promise<Socket> {
  const socket = new Socket({
    fd: await filing("open", path, () => openEnd(path, flags, signal)),
    readable: flags === "r",
    writable: flags === "w",
    ...(signal && { signal }),
  });
  // Told to who reads or writes next; with nobody at it, an interruption would end the process as an unknown error.
  return socket.on("error", () => {});
}

/** Opened for both at once, a pipe waits for nobody, and is the other end that somebody else waits for. */
async function openEnd(path: string, flags: "r" | "w", signal: AbortSignal | undefined): Promise<number> {
  signal?.throwIfAborted();
  let otherEnd: number | undefined;
  const letGo = () => {
    try {
      otherEnd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    } catch {
      // It may not be opened so: then it waits on, until the process is made to end.
    }
  };
  signal?.addEventListener("abort", letGo);
  try {
    const file = await promisify(open)(path, flags);
    if (signal?.aborted) close(file);
    signal?.throwIfAborted();
    return file;
  } finally {
    signal?.removeEventListener("abort", letGo);
    if (otherEnd !== undefined) closeSync(otherEnd);
  }
}
