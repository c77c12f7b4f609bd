import { Gather } from "../bytes/gather.ts";
import { giveBack } from "../bytes/loan.ts";
import { type ByteStream, chunksOf, streamFrom } from "../bytes/stream.ts";
import type { Codec } from "../kernel/kernels.ts";

/**
 * Runs a stream through a codec. The codec is made when the first chunk is
 * asked for and released when the stream ends, fails or is cancelled. It is
 * given at most `piece` bytes at a time, which bounds what one call can emit.
 */
export function transcode(
  stream: ByteStream,
  makeCodec: () => Codec | Promise<Codec>,
  piece: number,
): ByteStream {
  return streamFrom(transcoded(stream, makeCodec, piece), (reason) => stream.cancel(reason));
}

async function* transcoded(stream: ByteStream, makeCodec: () => Codec | Promise<Codec>, piece: number) {
  const codec = await toolFor(stream, makeCodec);
  const output = new Gather();
  try {
    for await (const chunk of chunksOf(stream)) {
      for (let offset = 0; offset < chunk.length; offset += piece) {
        codec.write(chunk.subarray(offset, offset + piece), output.add);
        yield* output.take();
      }
      giveBack(chunk);
    }
    codec.end(output.add);
    yield* output.rest();
  } finally {
    codec.release();
  }
}

/** What a stream is to be worked on with; where it cannot be had, the stream is given up. */
export async function toolFor<T>(stream: ByteStream, make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    await stream.cancel(error);
    throw error;
  }
}
