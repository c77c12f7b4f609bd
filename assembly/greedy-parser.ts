/**
 * Greedy parsing, level 1: the better of the two nearest matches, at once (nearest-match.ts).
 *
 * Where many bytes have had no match, as in data compressed already, positions are
 * skipped, more and more of them until there is one. Inside a match the first positions are made known and then every
 * fourth. What was measured: eight first ones instead of three make text 1% smaller and
 * take 4% longer; two make it 0.4% larger and are 4% faster. Two and then every eighth make it
 * 1% larger and are 8% faster, but every sixth or eighth makes periodic data with breaks up to
 * 60% larger than every fourth.
 */
import { addLiteral, addMatch, endSegment, isSegmentFull } from "./block-splitter";
import { DISTANCE_BITS } from "./match-finder";
import { forgetNearest, HASHED_BYTES, insertNearest, nearest } from "./nearest-match";

/** Positions without a match, one after the other, before any is skipped; as many again before one more is. */
const PATIENCE: u32 = 64;
const LONGEST_SKIP: u32 = 31;

/** Positions of a match that are all made known, and of the others one in so many. */
const DENSE: usize = 3;
const SPARSE_STEP: usize = 4;

/** Adds the data from `start` to `end` as tokens; matches may reach back to `dictionary`. */
export function parseGreedily(dictionary: usize, start: usize, end: usize): void {
  forgetNearest();
  insertEach(dictionary, start, 1, end);
  let at = start;
  let misses: u32 = 0;
  while (at + HASHED_BYTES <= end) {
    if (isSegmentFull()) endSegment(at);
    const match = nearest(at, end);
    if (match === 0) {
      const stop = min(end, at + 1 + min(misses / PATIENCE, LONGEST_SKIP));
      for (; at < stop; at++) addLiteral(load<u8>(at));
      misses++;
      continue;
    }
    misses = 0;
    const length = match >> DISTANCE_BITS;
    addMatch(length, match & 0xffff);
    const next = at + length;
    insertEach(at + 1, min(next, at + 1 + DENSE), 1, end);
    insertEach(at + 1 + DENSE, next, SPARSE_STEP, end);
    at = next;
  }
  for (; at < end; at++) addLiteral(load<u8>(at));
}

function insertEach(from: usize, to: usize, step: usize, end: usize): void {
  const stop = min(to, end - HASHED_BYTES + 1);
  for (let at = from; at < stop; at += step) insertNearest(at);
}
