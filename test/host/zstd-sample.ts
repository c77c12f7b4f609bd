/** zstd on any host: the same data, and the digest that its frames have everywhere. */
import { collect, streamOf } from "../../src/bytes/stream.ts";
import { unzstd, zstd } from "../../src/compression/zstd.ts";
import type { Kernels } from "../../src/kernel/kernels.ts";

/** Of the frames; a change of it is a change of the format. */
export const ZSTD_SAMPLE_DIGEST = "7a68cd8ddf1b9330692b1e45faffcefc0543f93a0161f318c57c3a10fe4776fb";

const SIZE = 9_000_001;

/** Compresses the sample, checks that it comes back, and gives the frames' digest in hexadecimal. */
export async function zstdSampleDigest(kernels: Kernels): Promise<string> {
  const data = sample();
  const packed = await collect(zstd(streamOf(data), kernels), SIZE);
  const back = await collect(unzstd(streamOf(packed), kernels), SIZE);
  if (back.length !== SIZE || back.some((byte, at) => byte !== data[at]))
    throw new Error("it came back changed");
  const hasher = kernels.hasher("sha256");
  hasher.update(packed);
  return Array.from(hasher.digest(), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Words, noise and repetitions, from a fixed generator. */
function sample(): Uint8Array {
  const data = new Uint8Array(SIZE);
  let state = 5;
  for (let at = 0; at < SIZE; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const kind = (at >> 14) % 3;
    const back = 1 + ((state >>> 12) & 4095);
    if (kind === 0) data[at] = 97 + (state >>> 29);
    else if (kind === 1) data[at] = state >>> 24;
    else data[at] = data[at - back] ?? 0;
  }
  return data;
}
