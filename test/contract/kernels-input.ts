/** Input for the kernels' suites: data of different kinds, cut in any way, run through a codec. */
import fc from "fast-check";
import { SealiftError } from "../../src/error.ts";
import type { Codec } from "../../src/kernel/kernels.ts";

/** Pseudo-random numbers below `limit`, the same for a seed for ever. */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Bytes that do not compress. */
export function noise(length: number, seed = 1): Uint8Array {
  const next = randomNumbers(seed);
  return Uint8Array.from({ length }, () => next(256));
}

/** Words, drawn unevenly: compresses as text does. */
export function prose(length: number, seed = 1): Uint8Array {
  const next = randomNumbers(seed);
  const words = Array.from({ length: 400 }, () =>
    String.fromCharCode(...Array.from({ length: 2 + next(8) }, () => 97 + next(26))),
  );
  let text = "";
  while (text.length < length)
    text += `${words[Math.min(next(400), next(400))]}${next(9) === 0 ? ".\n" : " "}`;
  return new TextEncoder().encode(text.slice(0, length));
}

/** Text, noise, zeros and short periods in turn, so that every kind of block and match occurs. */
export function mixture(length: number, seed = 1): Uint8Array {
  const next = randomNumbers(seed);
  const data = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const run = Math.min(length - at, 1 + next(40_000));
    const kind = next(4);
    if (kind === 0) data.set(prose(run, next(2 ** 31)), at);
    if (kind === 1) data.set(noise(run, next(2 ** 31)), at);
    if (kind === 2) {
      const period = noise(1 + next(40), next(2 ** 31));
      for (let i = 0; i < run; i++) data[at + i] = period[i % period.length] as number;
    }
    at += run;
  }
  return data;
}

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
