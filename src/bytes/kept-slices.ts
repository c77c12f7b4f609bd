import type { Slices } from "./slices.ts";
import { type ByteStream, chunksOf, collect, streamFrom } from "./stream.ts";

/** Up to here a part is small, in bytes: a header, a config, what tells a compression. */
const SMALL = 64 * 1024;

/** A small part is read with so many bytes: on a network they cost less than to ask once more. */
const READ_AHEAD = 16 * 1024;

/** Bytes kept: the headers of a hundred layers, and what stands around them. */
const MAX_KEPT = 2 * 1024 * 1024;

/** A part that was read. */
interface Part {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/**
 * Slices that are far away, such as a file behind HTTP: small parts are read
 * with what stands behind them, and kept, the newest ones. `head` was read already.
 */
export function keptSlices(slices: Slices, head: Uint8Array): Slices {
  const parts: Part[] = [{ start: 0, bytes: head }];
  return {
    size: slices.size,
    slice: (start = 0, end = slices.size) => streamFrom(read(start, Math.min(end, slices.size))),
  };

  async function* read(start: number, end: number): AsyncGenerator<Uint8Array, void, void> {
    if (start >= end) return;
    const part = parts.find((kept) => kept.start <= start && end <= kept.start + kept.bytes.length);
    if (part) yield part.bytes.slice(start - part.start, end - part.start);
    else if (end - start > SMALL) yield* chunksOf(slices.slice(start, end));
    else yield (await readAhead(start, end)).slice(0, end - start);
  }

  async function readAhead(start: number, end: number): Promise<Uint8Array> {
    const to = Math.min(Math.max(end, start + READ_AHEAD), slices.size);
    const bytes = await collect(slices.slice(start, to) as ByteStream, to - start, "part");
    parts.push({ start, bytes });
    let size = parts.reduce((sum, kept) => sum + kept.bytes.length, 0);
    while (size > MAX_KEPT) size -= parts.shift()?.bytes.length ?? 0;
    return bytes;
  }
}
