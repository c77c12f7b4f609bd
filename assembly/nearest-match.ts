/**
 * Finds a near earlier occurrence of the bytes at a position, for level 1
 * (greedy-parser.ts): the longer of the two nearest.
 *
 * Algorithm: one table tells for each hash of four bytes the latest two positions
 * that have it, both in one number, so that the second costs no access to memory
 * more (libdeflate's level 1, Eric Biggers, MIT, keeps two as well). There are no
 * chains: what is at neither position is not found. The earlier one is tried only
 * where the later one's match is short.
 *
 * What was measured: one position with 16 bits of hash is 3% faster and makes text
 * 4% larger, text in many scripts 17%, JSON of many alike records 14%. Trying the
 * earlier one always makes text 0.7% smaller and takes 3% longer; only against matches
 * below 8 bytes makes it 1.3% larger, and text in many scripts 17%. To try the next
 * position too where the match is below 6 bytes, with one position for each hash, takes
 * a seventh longer and is worth half as much.
 *
 * The table is match-finder.ts's.
 *
 * Positions are addresses. Each must be given at most once, in ascending order;
 * the HASHED_BYTES from it must be input, since anything behind the input would
 * make the output depend on it.
 */
import { MAX_MATCH } from "./deflate-format";
import { DISTANCE_BITS, GOLDEN, LATEST, LATEST_SIZE, MAX_DISTANCE } from "./match-finder";
import { commonLength } from "./match-length";

/** Bytes that must follow a position. */
export const HASHED_BYTES: u32 = 4;

/** Slots of eight bytes: as many as LATEST has room for. */
const HASH_BITS: u32 = 15;
/** Against a match that is this long the earlier position is not tried. */
const ENOUGH: u32 = 16;

/** Forgets all positions. */
export function forgetNearest(): void {
  memory.fill(LATEST, 0, LATEST_SIZE);
}

/** Makes a position known and returns the best match with the latest two of the same hash, 0 if both differ in four bytes. */
export function nearest(at: usize, end: usize): u32 {
  const bytes = load<u32>(at);
  const slot = slotOf(bytes);
  const both = load<u64>(slot, LATEST);
  store<u64>(slot, (both << 32) | at, LATEST);
  const oldest = at - MAX_DISTANCE;
  const later = <usize>(both & 0xffffffff);
  if (later < oldest) return 0;
  const most = min(MAX_MATCH, <u32>(end - at));
  let best: u32 = 0;
  let candidate = later;
  if (load<u32>(later) === bytes) {
    best = commonLength(later, at, most);
    if (best >= ENOUGH) return (best << DISTANCE_BITS) | <u32>(at - later);
  }
  const earlier = <usize>(both >> 32);
  if (earlier >= oldest && load<u32>(earlier) === bytes) {
    const length = commonLength(earlier, at, most);
    if (length > best) {
      best = length;
      candidate = earlier;
    }
  }
  return best === 0 ? 0 : (best << DISTANCE_BITS) | <u32>(at - candidate);
}

/** Makes a position known. */
export function insertNearest(at: usize): void {
  const slot = slotOf(load<u32>(at));
  store<u64>(slot, (load<u64>(slot, LATEST) << 32) | at, LATEST);
}

function slotOf(bytes: u32): usize {
  return (<usize>((bytes * GOLDEN) >> (32 - HASH_BITS))) << 3;
}
