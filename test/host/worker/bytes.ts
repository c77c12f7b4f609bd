import { type ByteStream, streamFrom } from "../../../src/bytes/stream.ts";

export const MIB = 1024 * 1024;

/** Bytes that differ everywhere, the same each time. */
export function patternOf(size: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let index = 0, state = 1; index < words.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[index] = state;
  }
  return new Uint8Array(words.buffer, 0, size);
}

/** The bytes in chunks of `size`, of which no boundary is anybody else's. */
export function chunked(bytes: Uint8Array, size = 100_003): ByteStream {
  return streamFrom(chunksOf(bytes, size));
}

/** The bytes, then the end of the connection. */
export function breaking(bytes: Uint8Array): ByteStream {
  return streamFrom(
    (function* () {
      yield* chunksOf(bytes, 100_003);
      throw new Error("the client went away");
    })(),
  );
}

function* chunksOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
