/**
 * Lists earlier occurrences of the bytes at a position, for optimal-parser.ts: not
 * the best alone but one of every length that a cheapest way through the data might
 * want.
 *
 * Algorithm: match-finder.ts's tables and walk. The nearest match of three or four
 * bytes comes first, then the nearest of five or more, then each longer one.
 * (libdeflate's near-optimal parser, Eric Biggers, MIT, has binary trees for it.
 * Chains of eight bytes beside a table of five, which were here before the walk
 * changed chains, were a twentieth slower and text 1% larger.)
 *
 * The match that the position before had, a byte shorter, is carried on: it need
 * not be found again, and where it is long only longer ones are looked for. Looking for
 * shorter ones there as well makes text 0.5% smaller and takes a sixth longer.
 *
 * Bounds: `depth` candidates at a position, none compared beyond 258 bytes; a match of
 * three or four bytes, and then only longer ones: no list is longer than LIST_LIMIT.
 */
import { MAX_MATCH } from "./deflate-format";
import {
  before,
  DISTANCE_BITS,
  HASHED_BYTES,
  insert,
  link,
  link3,
  listLonger,
  oldestFor,
  shortLength,
} from "./match-finder";
import { commonLength } from "./match-length";

/** A match carried on that is this long is listed even if it is not the nearest. */
const WORTH_CARRYING: u32 = 8;
/** One this long leaves shorter ones unlisted, and this many candidates are tried against it. */
const LONG_CARRIED: u32 = 16;
const DEPTH_LONG: u32 = 2;

/** No list has more matches: lengths only grow. */
export const LIST_LIMIT: u32 = 260;

/**
 * Makes a position known and writes its matches before `end` to `list`, each longer
 * than the one before it. Returns the list's end.
 */
export function listMatches(at: usize, end: usize, carried: u32, depth: u32, list: usize): usize {
  const held = carried >> DISTANCE_BITS;
  if (held >= LONG_CARRIED) {
    insert(at);
    store<u32>(list, carried);
    // Its own chain is no candidate: what is longer than the match is on the other.
    return listLonger(at, end, held, at, DEPTH_LONG, MAX_MATCH, list + 4);
  }
  const word = load<u64>(at);
  const near3 = link3(at);
  const oldest = oldestFor(at);
  let candidate = link(at);
  let left = depth;
  while (candidate >= oldest && (load<u64>(candidate) ^ word) << 24 !== 0) {
    candidate = before(candidate);
    if (--left === 0) candidate = 0;
  }
  let best: u32 = near3 >= oldest && near3 !== candidate ? shortLength(at, near3) : 0;
  if (best > 0) list = add(list, best, at - near3);
  const isFound = candidate >= oldest;
  // Inside a match the nearest is, as a rule, the one carried.
  const isCarried = isFound && held > 0 && at - candidate === <usize>(carried & 0xffff);
  if (isFound && !isCarried) {
    best = commonLength(candidate, at, min(MAX_MATCH, <u32>(end - at)));
    list = add(list, best, at - candidate);
  }
  if (held > best && (isCarried || held >= WORTH_CARRYING)) {
    best = held;
    list = add(list, held, carried & 0xffff);
  }
  if (best < HASHED_BYTES || !isFound) return list;
  return listLonger(at, end, best, before(candidate), left, MAX_MATCH, list);
}

function add(list: usize, length: u32, distance: usize): usize {
  store<u32>(list, (length << DISTANCE_BITS) | <u32>distance);
  return list + 4;
}
