/**
 * Finds earlier occurrences of the bytes at a position, for deflate.ts.
 *
 * Algorithm: hash chains. A table tells for each hash of four bytes the latest
 * position that has it, and a ring of 32 Ki entries the position before each:
 * the chain is walked from the nearest candidate, a bounded number of steps. A
 * second table, of three-byte hashes without chains, finds the short matches
 * that four bytes miss. The pair of tables, and comparing the candidate's last
 * four bytes first, are libdeflate's (Eric Biggers, MIT).
 *
 * Positions are addresses, 0 is none. Each must be given once, in ascending
 * order, to `search` or `insert`; the four bytes from it must be input, since
 * anything behind the input would make the output depend on it.
 */
import { MAX_MATCH, MIN_MATCH } from "./deflate-format";

const HASH4_BITS: u32 = 15;
const HASH4: usize = memory.data(131072, 16);
const HASH3_BITS: u32 = 13;
const HASH3: usize = memory.data(32768, 16);
const PREVIOUS: usize = memory.data(131072, 16);
const RING_MASK: usize = 32767;
/** One less than DEFLATE allows: at 32768 a position would share its ring entry with the candidate. */
const MAX_DISTANCE: usize = 32767;

/** Bytes that must follow a position. */
export const HASHED_BYTES: usize = 4;

/** A match: its length above sixteen bits of distance; 0 if there is none. */
export const DISTANCE_BITS: u32 = 16;

/** A match this long is taken without looking further. */
export const NICE_LENGTH: u32 = 64;

/** Forgets all positions. */
export function reset(): void {
  memory.fill(HASH4, 0, 131072);
  memory.fill(HASH3, 0, 32768);
}

/** Makes a position known. */
export function insert(at: usize): void {
  const bytes = load<u32>(at);
  store<u32>(slot3(bytes), <u32>at);
  const slot = slot4(bytes);
  store<u32>(previous(at), load<u32>(slot));
  store<u32>(slot, <u32>at);
}

/** Makes a position known and returns its longest match before `end` above `shortest`, of at most `depth` tried. */
export function search(at: usize, end: usize, shortest: u32, depth: u32): u32 {
  const bytes = load<u32>(at);
  const near = slot3(bytes);
  const near3 = <usize>load<u32>(near);
  store<u32>(near, <u32>at);
  const slot = slot4(bytes);
  let candidate = <usize>load<u32>(slot);
  store<u32>(previous(at), <u32>candidate);
  store<u32>(slot, <u32>at);

  const oldest = at - MAX_DISTANCE;
  const longest = min(MAX_MATCH, <u32>(end - at));
  let best = shortest;
  let match: u32 = 0;
  if (best < MIN_MATCH) {
    best = MIN_MATCH;
    if (near3 >= oldest && ((load<u32>(near3) ^ bytes) & 0xffffff) === 0) {
      match = (MIN_MATCH << DISTANCE_BITS) | <u32>(at - near3);
    }
  }
  const nice = min(NICE_LENGTH, longest);
  for (; best < nice && candidate >= oldest && depth > 0; depth--) {
    const last = best - 3;
    if (load<u32>(candidate + last) === load<u32>(at + last) && load<u32>(candidate) === bytes) {
      const length = commonLength(candidate, at, longest);
      if (length > best) {
        best = length;
        match = (length << DISTANCE_BITS) | <u32>(at - candidate);
      }
    }
    candidate = <usize>load<u32>(previous(candidate));
  }
  return match;
}

/** How many bytes are equal at both places, of which four are known to be. */
function commonLength(earlier: usize, at: usize, longest: u32): u32 {
  let length: u32 = 4;
  while (length + 8 <= longest) {
    const difference = load<u64>(earlier + length) ^ load<u64>(at + length);
    if (difference !== 0) return length + (<u32>ctz(difference) >> 3);
    length += 8;
  }
  while (length < longest && load<u8>(earlier + length) === load<u8>(at + length)) length++;
  return length;
}

function previous(at: usize): usize {
  return PREVIOUS + ((at & RING_MASK) << 2);
}

// Fibonacci hashing: the product's high bits depend on all the bytes.
const GOLDEN: u32 = 0x9e3779b1;

function slot4(bytes: u32): usize {
  return HASH4 + ((<usize>((bytes * GOLDEN) >> (32 - HASH4_BITS))) << 2);
}

function slot3(bytes: u32): usize {
  return HASH3 + ((<usize>(((bytes << 8) * GOLDEN) >> (32 - HASH3_BITS))) << 2);
}
