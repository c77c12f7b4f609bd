/**
 * Finds earlier occurrences of the bytes at a position, for deflate.ts.
 *
 * Algorithm: hash chains. A table tells for each hash of five bytes the latest
 * position that has it, and a ring of 32 Ki entries how far back the position
 * before each is: the chain is walked from the nearest candidate, a bounded
 * number of steps. A second table, of three-byte hashes without chains, gives the
 * nearest match of three bytes or more, which is the only one of four that is
 * found. Two tables, and comparing the candidate's last four bytes first, are
 * libdeflate's (Eric Biggers, MIT), whose chains are of four bytes: with five each
 * is shorter and its candidates longer, the same size 3 to 5% faster.
 *
 * What was measured: the walk is half of compression at level 6, and waits for one
 * load after the other. Unrolling it two to four times, a ring of full positions,
 * and a hash of 16 bits change nothing; rows of 64 candidates found by comparing
 * one-byte tags in vectors (zstd's row matcher) find as much in the same time.
 * Leaving the three-byte hash out inside matches is 3% faster and 0.3% larger.
 * What counts is how many candidates are tried, see deflate.ts.
 *
 * Positions are addresses, 0 is none. Each must be given at most once, in
 * ascending order, to `search` or `insert`; the HASHED_BYTES from it must be input,
 * since anything behind the input would make the output depend on it.
 */
import { MAX_MATCH, MIN_MATCH } from "./deflate-format";

/** Addresses of the latest position with each hash of five bytes; at level 1, of four; at level 9, of eight. */
export const HASH_BITS: u32 = 15;
export const LATEST: usize = memory.data(131072, 16);
const LATEST_SIZE: usize = 131072;
const HASH3_BITS: u32 = 14;
export const LATEST3: usize = memory.data(65536, 16);
const LATEST3_SIZE: usize = 65536;
/** How far before a position the last one with its hash is; FAR is out of reach. */
export const PREVIOUS: usize = memory.data(65536, 16);
export const FAR: usize = 32768;
export const RING_MASK: usize = 32767;
/** One less than DEFLATE allows: at 32768 a position would share its ring entry with the candidate. */
export const MAX_DISTANCE: usize = 32767;

/** Bytes that must follow a position. */
export const HASHED_BYTES: u32 = 5;

/** A match: its length above sixteen bits of distance; 0 if there is none. */
export const DISTANCE_BITS: u32 = 16;

/** Forgets all positions: what the ring still holds is never reached. */
export function reset(): void {
  memory.fill(LATEST, 0, LATEST_SIZE);
  memory.fill(LATEST3, 0, LATEST3_SIZE);
}

/** Makes a position known. */
export function insert(at: usize): void {
  const bytes = load<u32>(at);
  store<u32>(slot3(bytes), <u32>at, LATEST3);
  const slot = slot5(at);
  store<u16>((at & RING_MASK) << 1, <u32>min(at - <usize>load<u32>(slot, LATEST), FAR), PREVIOUS);
  store<u32>(slot, <u32>at, LATEST);
}

/**
 * Makes a position known and returns its longest match before `end` above
 * `shortest`, of at most `depth` tried; one of length `nice` ends the search.
 */
export function search(at: usize, end: usize, shortest: u32, depth: u32, nice: u32): u32 {
  const bytes = load<u32>(at);
  const near = slot3(bytes);
  const near3 = <usize>load<u32>(near, LATEST3);
  store<u32>(near, <u32>at, LATEST3);
  const slot = slot5(at);
  let candidate = <usize>load<u32>(slot, LATEST);
  store<u16>((at & RING_MASK) << 1, <u32>min(at - candidate, FAR), PREVIOUS);
  store<u32>(slot, <u32>at, LATEST);

  const oldest = at - MAX_DISTANCE;
  const longest = min(MAX_MATCH, <u32>(end - at));
  let best = shortest;
  let match: u32 = 0;
  if (best < HASHED_BYTES - 1) {
    const difference = load<u32>(near3) ^ bytes;
    if (near3 >= oldest && (difference & 0xffffff) === 0) {
      const length = difference === 0 ? commonLength(near3, at, longest) : MIN_MATCH;
      if (length > best) match = (length << DISTANCE_BITS) | <u32>(at - near3);
      best = max(length, best);
    }
    // The chain's candidates are longer, so only such are worth a look.
    best = max(best, HASHED_BYTES - 1);
  }
  const enough = min(nice, longest);
  if (best >= enough) return match;
  let tail = load<u32>(at + best - 3);
  for (let left = depth; left > 0 && candidate >= oldest; left--) {
    if (load<u32>(candidate + best - 3) === tail && load<u32>(candidate) === bytes) {
      const length = commonLength(candidate, at, longest);
      if (length > best) {
        best = length;
        match = (length << DISTANCE_BITS) | <u32>(at - candidate);
        if (best >= enough) break;
        tail = load<u32>(at + best - 3);
      }
    }
    candidate -= <usize>load<u16>((candidate & RING_MASK) << 1, PREVIOUS);
  }
  return match;
}

/**
 * Makes a position known and returns the length of its match with the latest
 * position of the same four bytes, above sixteen bits of distance.
 */
export function nearest(at: usize, end: usize): u32 {
  const bytes = load<u32>(at);
  const slot = slot4(bytes);
  const candidate = <usize>load<u32>(slot, LATEST);
  store<u32>(slot, <u32>at, LATEST);
  if (candidate < at - MAX_DISTANCE || load<u32>(candidate) !== bytes) return 0;
  return (
    (commonLength(candidate, at, min(MAX_MATCH, <u32>(end - at))) << DISTANCE_BITS) | <u32>(at - candidate)
  );
}

/** Makes a position known to `nearest`. */
export function insertNearest(at: usize): void {
  store<u32>(slot4(load<u32>(at)), <u32>at, LATEST);
}

/** How many bytes are equal at both places, of which four are known to be. */
export function commonLength(earlier: usize, at: usize, longest: u32): u32 {
  let length: u32 = 4;
  while (length + 8 <= longest) {
    const difference = load<u64>(earlier + length) ^ load<u64>(at + length);
    if (difference !== 0) return length + (<u32>ctz(difference) >> 3);
    length += 8;
  }
  while (length < longest && load<u8>(earlier + length) === load<u8>(at + length)) length++;
  return length;
}

// Fibonacci hashing: the product's high bits depend on all the bytes.
const GOLDEN: u32 = 0x9e3779b1;
export const GOLDEN64: u64 = 0x9e3779b97f4a7c15;

function slot5(at: usize): usize {
  return (<usize>(((load<u64>(at) << 24) * GOLDEN64) >> (64 - HASH_BITS))) << 2;
}

function slot4(bytes: u32): usize {
  return (<usize>((bytes * GOLDEN) >> (32 - HASH_BITS))) << 2;
}

export function slot3(bytes: u32): usize {
  return (<usize>(((bytes << 8) * GOLDEN) >> (32 - HASH3_BITS))) << 2;
}
