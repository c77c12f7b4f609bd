import { giveBack } from "../bytes/loan.ts";
import { type ByteStream, chunksOf } from "../bytes/stream.ts";
import { ZSTD_FRAME_SIZE } from "../kernel/kernels.ts";

/**
 * The stream in the contents of frames: `ZSTD_FRAME_SIZE` bytes each, the last one
 * shorter. Each stands in a buffer that `used` gives, or in one of its own.
 */
export async function* frameContents(
  stream: ByteStream,
  used: () => ArrayBuffer | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  let frame: Uint8Array<ArrayBuffer> | undefined;
  let filled = 0;
  let first = true;
  for await (const chunk of chunksOf(stream)) {
    for (let at = 0; at < chunk.length; ) {
      frame ??= new Uint8Array(used() ?? new ArrayBuffer(ZSTD_FRAME_SIZE));
      const part = chunk.subarray(at, at + ZSTD_FRAME_SIZE - filled);
      frame.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < ZSTD_FRAME_SIZE) continue;
      yield frame;
      frame = undefined;
      filled = 0;
      first = false;
    }
    giveBack(chunk);
  }
  // No frame at all would not be zstd.
  if (frame || first) yield frame?.subarray(0, filled) ?? new Uint8Array();
}
