import type { ByteStream } from "../bytes/stream.ts";
import {
  GZIP_CHUNK_SIZE,
  GZIP_LEVEL,
  type GzipOptions,
  type InflateOptions,
  type Kernels,
} from "../kernel/kernels.ts";
import type { Pool } from "../kernel/pool.ts";
import { parallelGzip } from "./parallel-gzip.ts";
import { transcode } from "./transcode.ts";

/**
 * DEFLATE expands up to 1032 times: 16 KiB of a decompression bomb come out as
 * at most 16 MiB before the reader's back-pressure is felt.
 */
export const GUNZIP_PIECE = 16 * 1024;

/** Decompresses gzip, one member or many. Fails with GZIP_INVALID, GZIP_TRUNCATED, LIMIT_EXCEEDED. */
export function gunzip(stream: ByteStream, kernels: Kernels, options: InflateOptions = {}): ByteStream {
  return transcode(stream, () => kernels.gunzip(options), GUNZIP_PIECE);
}

export interface GzipStreamOptions extends GzipOptions {
  /** Whose workers do it; the calling thread without one. */
  readonly pool?: Pool | undefined;
}

/** Compresses to gzip; the bytes are a function of the input and the level alone, not of its chunks or the pool. */
export function gzip(
  stream: ByteStream,
  kernels: Kernels,
  { level = GZIP_LEVEL, pool }: GzipStreamOptions = {},
): ByteStream {
  if (pool) return parallelGzip(stream, kernels, pool, level);
  return transcode(stream, () => kernels.gzip({ level }), GZIP_CHUNK_SIZE);
}
