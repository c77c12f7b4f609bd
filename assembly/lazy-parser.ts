/**
 * Lazy evaluation, level 6: a match is held back while the next position is tried, and
 * dropped for a literal if that one is better.
 *
 * Better is libdeflate's measure (Eric Biggers, MIT), which weighs length against the
 * extra bits of a longer distance. The longer the match held, the fewer candidates
 * are tried against it (match-finder.ts). Matches too short for what their literals
 * cost are not looked for (shortest-match.ts). Where hundreds of bytes have had no
 * match, as in data compressed already, positions are skipped, more and more of them
 * until there is one.
 *
 * What was measured: of the time, half is the search, about a sixth makes positions
 * inside matches known, a twentieth writes tokens. Half the candidates are hardly faster
 * and make text 0.3% larger; half as many again are a twelfth slower and 0.2% smaller. Trying no position after a
 * match of 16 bytes, as zlib does, is 3% faster and 0.3% larger. Skipping only where
 * literals cost all their eight bits made nothing smaller.
 */
import { addLiteral, addMatch, endSegment, isSegmentFull } from "./block-splitter";
import { DISTANCE_BITS, forget, HASHED_BYTES, insertAll, search, searchLonger } from "./match-finder";
import { beginLimits, updateLimits } from "./shortest-match";

/** Candidates tried at a position. */
const DEPTH: u32 = 16;
/** Candidates tried against a match that is held, by its length. */
const DEPTH_SHORT: u32 = 6;
const MEDIUM: u32 = 8;
const DEPTH_MEDIUM: u32 = 3;
const LONG: u32 = 16;
const DEPTH_LONG: u32 = 2;
/** A match this long is taken at once; one that a search finds this long ends it. */
const TAKEN: u32 = 64;
const NICE: u32 = 128;

/** Positions without a match, one after the other, before any is skipped; as many again before one more is. */
const PATIENCE: u32 = 256;
const LONGEST_SKIP: u32 = 31;

/** Adds the data from `start` to `end` as tokens; matches may reach back to `dictionary`. */
export function parseLazily(dictionary: usize, start: usize, end: usize): void {
  forget(dictionary);
  insertAll(dictionary, start, end);
  beginLimits();
  let at = start;
  let misses: u32 = 0;
  while (at < end) {
    if (isSegmentFull()) {
      endSegment(at);
      updateLimits();
    }
    let match: u32 = at + HASHED_BYTES <= end ? search(at, end, 0, DEPTH, NICE) : 0;
    if (match === 0) {
      const stop = min(end, at + 1 + min(misses / PATIENCE, LONGEST_SKIP));
      for (; at < stop; at++) addLiteral(load<u8>(at));
      misses++;
      continue;
    }
    misses = 0;
    let length = match >> DISTANCE_BITS;
    let next = at + 1;
    while (length < TAKEN && next + HASHED_BYTES <= end) {
      const rival =
        length < HASHED_BYTES
          ? search(next, end, length, DEPTH_SHORT, NICE)
          : searchLonger(next, end, length, depthAgainst(length), NICE);
      next++;
      if (!isBetter(rival, match)) break;
      addLiteral(load<u8>(at++));
      match = rival;
      length = match >> DISTANCE_BITS;
    }
    addMatch(length, match & 0xffff);
    at += length;
    insertAll(next, at, end);
  }
}

function depthAgainst(length: u32): u32 {
  if (length < MEDIUM) return DEPTH_SHORT;
  return length < LONG ? DEPTH_MEDIUM : DEPTH_LONG;
}

/** Whether the match one position on is worth the literal before it: a byte of length counts as four bits. */
function isBetter(rival: u32, held: u32): bool {
  if (rival === 0) return false;
  const longer = <i32>(rival >> DISTANCE_BITS) - <i32>(held >> DISTANCE_BITS);
  const nearer = clz(rival & 0xffff) - clz(held & 0xffff);
  return 4 * longer + nearer > 2;
}
