import type { ByteStream } from "../bytes/stream.ts";
import { GZIP_CHUNK_SIZE, type GzipOptions, type InflateOptions, type Kernels } from "../kernel/kernels.ts";
import { transcode } from "./transcode.ts";

/**
 * DEFLATE expands up to 1032 times: 16 KiB of a decompression bomb come out as
 * at most 16 MiB before the reader's back-pressure is felt.
 */
const GUNZIP_PIECE = 16 * 1024;

/** Decompresses gzip, one member or many. Fails with GZIP_INVALID, GZIP_TRUNCATED, LIMIT_EXCEEDED. */
export function gunzip(stream: ByteStream, kernels: Kernels, options: InflateOptions = {}): ByteStream {
  return transcode(stream, () => kernels.gunzip(options), GUNZIP_PIECE);
}

/** Compresses to gzip; the bytes are a function of the input alone, not of its chunks. */
export function gzip(stream: ByteStream, kernels: Kernels, options: GzipOptions = {}): ByteStream {
  return transcode(stream, () => kernels.gzip(options), GZIP_CHUNK_SIZE);
}
