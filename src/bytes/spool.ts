import { SealiftError } from "../error.ts";
import { type ByteStream, streamFrom } from "./stream.ts";

/** Where bytes wait until their digest and size are known: temporary files, OPFS, memory. */
export interface Spool {
  create(): Promise<SpoolSlot>;
}

/** One run of bytes: written once from start to end, then read as often as needed. */
export interface SpoolSlot {
  /** Resolves when the chunk may be reused by the caller. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends writing; all may be read. */
  close(): Promise<void>;
  /** How many bytes may be read by now, while more are written; a place that cannot do both has none before `close`. */
  readable(): number;
  open(start?: number, end?: number): ByteStream;
  dispose(): Promise<void>;
}

/** A spool in memory, for hosts without a disk; holds at most `limit` bytes in all. */
export function memorySpool(limit: number): Spool {
  let held = 0;
  return {
    async create() {
      let parts: Uint8Array[] = [];
      let size = 0;
      return {
        async write(chunk) {
          if (held + chunk.length > limit) {
            throw new SealiftError(
              "LIMIT_EXCEEDED",
              `Cannot spool content: it needs more than ${limit} bytes of memory`,
            );
          }
          // Not `slice`, which of a Buffer is a view.
          parts.push(new Uint8Array(chunk));
          size += chunk.length;
          held += chunk.length;
        },
        close: async () => {},
        readable: () => size,
        open: (start = 0, end = size) => streamFrom(slicesOf(parts, start, end)),
        async dispose() {
          held -= size;
          size = 0;
          parts = [];
        },
      };
    },
  };
}

function* slicesOf(parts: readonly Uint8Array[], start: number, end: number): Generator<Uint8Array> {
  let at = 0;
  for (const part of parts) {
    yield part.subarray(Math.max(0, start - at), Math.max(0, end - at));
    at += part.length;
  }
}
