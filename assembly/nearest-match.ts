/**
 * Finds the nearest earlier occurrence of the bytes at a position, for level 1
 * (greedy-parser.ts).
 *
 * Algorithm: one table tells for each hash of four bytes the latest position that
 * has it. There are no chains: what is not at that position is not found.
 *
 * The table is match-finder.ts's. One of 15 bits was no faster and made text 0.3% larger,
 * of 13 bits 2.3% larger.
 *
 * Positions are addresses. Each must be given at most once, in ascending order;
 * the HASHED_BYTES from it must be input, since anything behind the input would
 * make the output depend on it.
 */
import { MAX_MATCH } from "./deflate-format";
import { DISTANCE_BITS, GOLDEN, HASH_BITS, LATEST, LATEST_SIZE, MAX_DISTANCE } from "./match-finder";
import { commonLength } from "./match-length";

/** Bytes that must follow a position. */
export const HASHED_BYTES: u32 = 4;

/** Forgets all positions. */
export function forgetNearest(): void {
  memory.fill(LATEST, 0, LATEST_SIZE);
}

/** Makes a position known and returns its match with the latest of the same hash, 0 if its four bytes differ. */
export function nearest(at: usize, end: usize): u32 {
  const bytes = load<u32>(at);
  const slot = slotOf(bytes);
  const candidate = <usize>load<u32>(slot, LATEST);
  store<u32>(slot, <u32>at, LATEST);
  if (candidate < at - MAX_DISTANCE || load<u32>(candidate) !== bytes) return 0;
  const length = commonLength(candidate, at, min(MAX_MATCH, <u32>(end - at)));
  return (length << DISTANCE_BITS) | <u32>(at - candidate);
}

/** Makes a position known. */
export function insertNearest(at: usize): void {
  store<u32>(slotOf(load<u32>(at)), <u32>at, LATEST);
}

function slotOf(bytes: u32): usize {
  return (<usize>((bytes * GOLDEN) >> (32 - HASH_BITS))) << 2;
}
