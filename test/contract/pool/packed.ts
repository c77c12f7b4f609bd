import { collect, streamFrom } from "../../../src/bytes/stream.ts";
import { gzip } from "../../../src/compression/gzip.ts";
import type { Kernels } from "../../../src/kernel/kernels.ts";
import type { Pool } from "../../../src/kernel/pool.ts";
import { cutEvery } from "../kernels-input.ts";

/** The data as the pool compresses it, at the level where none is chosen. */
export function packedBy(pool: Pool, kernels: Kernels, data: Uint8Array): Promise<Uint8Array> {
  return collect(gzip(streamFrom(cutEvery(data, 100_000)), kernels, { pool }), 2 * data.length + 100);
}
