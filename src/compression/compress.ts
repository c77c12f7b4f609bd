import type { ByteStream } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import { type GzipLevel, type Kernels, ZSTD_LEVEL } from "../kernel/kernels.ts";
import type { Pool } from "../kernel/pool.ts";
import type { Compression } from "../oci/media-type.ts";
import { gzip } from "./gzip.ts";
import { zstd } from "./zstd.ts";

/** The levels there are. */
export const COMPRESSION_LEVELS: Readonly<Record<Compression, readonly number[]>> = {
  none: [],
  gzip: [1, 6, 9],
  zstd: [ZSTD_LEVEL],
};

export interface CompressOptions {
  readonly level?: number | undefined;
  /** Whose workers do it, where they can. */
  readonly pool?: Pool | undefined;
}

/**
 * The content in a compression, at a level or the one usual for it: gzip has 1, 6
 * and 9, zstd 3. The bytes are the same on every host. Throws UNSUPPORTED for
 * another level; fails with it where the host has no zstd encoder.
 */
export function compress(
  stream: ByteStream,
  kernels: Kernels,
  compression: Compression,
  { level, pool }: CompressOptions = {},
): ByteStream {
  requireLevel(compression, level);
  if (compression === "none") return stream;
  if (compression === "zstd") return zstd(stream, kernels, { pool });
  return gzip(stream, kernels, { pool, ...(level !== undefined && { level: level as GzipLevel }) });
}

function requireLevel(compression: Compression, level: number | undefined): void {
  const levels = COMPRESSION_LEVELS[compression];
  if (level === undefined || levels.includes(level)) return;
  throw new SealiftError("UNSUPPORTED", `Cannot compress: ${compression} has no level ${level} here`, {
    hint: levels.length > 0 ? `It has ${levels.join(", ")}.` : "Leave the level out.",
  });
}
