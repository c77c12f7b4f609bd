import { giveBack } from "../bytes/loan.ts";
import { type ByteStream, chunksOf, streamFrom } from "../bytes/stream.ts";
import { type InflateOptions, type Kernels, ZSTD_FRAME_SIZE } from "../kernel/kernels.ts";
import type { Pool } from "../kernel/pool.ts";
import { parallelZstd } from "./parallel-zstd.ts";
import { toolFor } from "./transcode.ts";
import { frameContents } from "./zstd-frames.ts";

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
    for await (const chunk of chunksOf(stream)) {
      for (const view of decoder.write(chunk)) yield view.slice();
      giveBack(chunk);
    }
    for (const view of decoder.end()) yield view.slice();
  } finally {
    decoder.release();
  }
}

export interface ZstdStreamOptions {
  /** Whose workers do it; the calling thread without one. */
  readonly pool?: Pool | undefined;
}

/**
 * Compresses to zstd, in frames of `ZSTD_FRAME_SIZE`; the bytes are a function of
 * the input alone, not of its chunks or the pool. Fails with UNSUPPORTED where
 * the host has no encoder.
 */
export function zstd(stream: ByteStream, kernels: Kernels, { pool }: ZstdStreamOptions = {}): ByteStream {
  if (pool) return parallelZstd(stream, kernels, pool);
  return streamFrom(frames(stream, kernels), (reason) => stream.cancel(reason));
}

async function* frames(stream: ByteStream, kernels: Kernels) {
  const encoder = await toolFor(stream, () => kernels.zstd.encoder());
  const buffer = new ArrayBuffer(ZSTD_FRAME_SIZE);
  for await (const content of frameContents(stream, () => buffer)) yield encoder.frame(content);
}
