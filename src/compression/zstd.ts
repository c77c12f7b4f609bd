import { type ByteStream, chunksOf, streamFrom } from "../bytes/stream.ts";
import { type InflateOptions, type Kernels, ZSTD_FRAME_SIZE } from "../kernel/kernels.ts";
import { toolFor } from "./transcode.ts";

/**
 * Decompresses zstd, one frame or many. Fails with ZSTD_INVALID, ZSTD_TRUNCATED,
 * LIMIT_EXCEEDED; UNSUPPORTED where the host has no decoder.
 */
export function unzstd(stream: ByteStream, kernels: Kernels, options: InflateOptions = {}): ByteStream {
  return streamFrom(decoded(stream, kernels, options), (reason) => stream.cancel(reason));
}

async function* decoded(stream: ByteStream, kernels: Kernels, options: InflateOptions) {
  const decoder = await toolFor(stream, () => kernels.zstd.decoder(options));
  try {
    for await (const chunk of chunksOf(stream)) yield* copies(decoder.write(chunk));
    yield* copies(decoder.end());
  } finally {
    decoder.release();
  }
}

function* copies(views: Iterable<Uint8Array>) {
  for (const view of views) yield view.slice();
}

/**
 * Compresses to zstd, in frames of `ZSTD_FRAME_SIZE`; the bytes are a function of
 * the input alone, not of its chunks. Fails with UNSUPPORTED where the host has
 * no encoder.
 */
export function zstd(stream: ByteStream, kernels: Kernels): ByteStream {
  return streamFrom(frames(stream, kernels), (reason) => stream.cancel(reason));
}

async function* frames(stream: ByteStream, kernels: Kernels) {
  const encoder = await toolFor(stream, () => kernels.zstd.encoder());
  let first = true;
  for await (const content of inPieces(stream, ZSTD_FRAME_SIZE)) {
    yield encoder.frame(content);
    first = false;
  }
  // No frame at all would not be zstd.
  if (first) yield encoder.frame(new Uint8Array());
}

/** The stream in pieces of `size` bytes, the last one shorter; each is valid until the next is asked for. */
async function* inPieces(stream: ByteStream, size: number) {
  const piece = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of chunksOf(stream)) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + size - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < size) continue;
      yield piece;
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
