/** Input for the kernels' suites: data of any kind, cut in any way, run through a codec. */
import fc from "fast-check";
import { SealiftError } from "../../src/error.ts";
import type { Codec } from "../../src/kernel/kernels.ts";
import { mixture } from "./kernels-data.ts";

export { mixture, noise, prose, randomNumbers } from "./kernels-data.ts";

/** Runs a codec over chunks; the output as one. */
export function runCodec(codec: Codec, chunks: Iterable<Uint8Array>): Buffer {
  const parts: Uint8Array[] = [];
  const keep = (view: Uint8Array) => void parts.push(view.slice());
  try {
    for (const chunk of chunks) codec.write(chunk, keep);
    codec.end(keep);
  } finally {
    codec.release();
  }
  return Buffer.concat(parts);
}

/** The data in chunks of one size. */
export function* cutEvery(data: Uint8Array, size: number): Generator<Uint8Array, void, void> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

/** The data cut where `points` (parts of a thousand) say; some chunks are empty. */
export function cutAt(data: Uint8Array, points: readonly number[]): Uint8Array[] {
  const cuts = [0, ...points.map((point) => Math.floor((point * data.length) / 1000)), data.length];
  cuts.sort((a, b) => a - b);
  return cuts.slice(1).map((cut, i) => data.subarray(cuts[i], cut));
}

/** Places to cut at. */
export const cutPoints = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 12 });

/** Bytes with some structure: small ones exhaust the corner cases, larger ones the compressor's kinds of block. */
export const anyData = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.integer({ min: 0, max: 120_000 }), fc.nat()).map(([length, seed]) => mixture(length, seed)),
);

/** The code of the error that `task` throws; fails the test if it throws none of ours. */
export function codeOf(task: () => unknown): string {
  try {
    task();
  } catch (error) {
    if (error instanceof SealiftError) return error.code;
    throw error;
  }
  return "nothing was thrown";
}
