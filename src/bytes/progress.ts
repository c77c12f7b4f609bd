import type { ByteStream } from "./stream.ts";
import { chunksOf, streamFrom } from "./stream.ts";

/** The stream, telling after each chunk how many bytes have passed, and once more at its end. */
export function observed(stream: ByteStream, onBytes: (done: number, finished: boolean) => void): ByteStream {
  return streamFrom(
    (async function* () {
      let done = 0;
      for await (const chunk of chunksOf(stream)) {
        done += chunk.length;
        onBytes(done, false);
        yield chunk;
      }
      onBytes(done, true);
    })(),
  );
}

/** The stream, with each chunk shown to `tap` on its way. */
export function tapped(stream: ByteStream, tap: (chunk: Uint8Array) => void): ByteStream {
  return streamFrom(
    (async function* () {
      for await (const chunk of chunksOf(stream)) {
        tap(chunk);
        yield chunk;
      }
    })(),
  );
}
