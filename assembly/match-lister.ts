/**
 * Lists earlier occurrences of the bytes at a position, for optimal-parser.ts.
 *
 * Algorithm: match-finder.ts's tables and ring, searched for every length that a
 * cheapest way through the data might want, not for the best alone. It is asked at
 * every position, more often than a lazy parser asks, so what a step of the
 * chain finds counts more: the chain is of eight bytes, whose candidates are few and
 * long, and the nearest match of three and of five bytes each has a table of its
 * own. (libdeflate's near-optimal parser, Eric Biggers, MIT, has binary trees for
 * it.)
 *
 * The match that the position before had, a byte shorter, is carried on: it need
 * not be found again, and behind a long one only longer ones are worth the walk.
 *
 * Bounds: `depth` candidates at a position, none compared beyond 258 bytes, and a
 * match of three bytes, one of five, one carried, and each further one longer, below
 * `nice` all but the last: no list is longer than LIST_LIMIT.
 */
import { MAX_MATCH, MIN_MATCH } from "./deflate-format";
import {
  commonLength,
  DISTANCE_BITS,
  FAR,
  GOLDEN64,
  HASH_BITS,
  LATEST,
  LATEST3,
  MAX_DISTANCE,
  PREVIOUS,
  RING_MASK,
  reset,
  slot3,
} from "./match-finder";

const HASH5_BITS: u32 = 14;
const LATEST5: usize = memory.data(65536, 16);
const LATEST5_SIZE: usize = 65536;

/** Bytes of a position that the chain's candidates share; so many must follow it. */
export const LISTED_BYTES: u32 = 8;

/** A match carried on that is this long leaves shorter ones unlisted. */
const LONG_CARRIED: u32 = 8;

/** No list has more matches, whatever the data: lengths only grow, and a search ends by `nice`. */
export const LIST_LIMIT: u32 = 256;

export function resetLists(): void {
  reset();
  memory.fill(LATEST5, 0, LATEST5_SIZE);
}

/** Makes a position known. */
export function insertListed(at: usize): void {
  const bytes = load<u64>(at);
  store<u32>(slot3(<u32>bytes), <u32>at, LATEST3);
  store<u32>(slot5(bytes), <u32>at, LATEST5);
  const slot = slot8(bytes);
  store<u16>((at & RING_MASK) << 1, <u32>min(at - <usize>load<u32>(slot, LATEST), FAR), PREVIOUS);
  store<u32>(slot, <u32>at, LATEST);
}

/**
 * Makes a position known and writes its matches before `end` to `list`, each longer
 * than the one before it; one of length `nice` ends the search. Returns the list's end.
 */
export function listMatches(at: usize, end: usize, carried: u32, depth: u32, nice: u32, list: usize): usize {
  const word = load<u64>(at);
  const bytes = <u32>word;
  const place3 = slot3(bytes);
  const near3 = <usize>load<u32>(place3, LATEST3);
  store<u32>(place3, <u32>at, LATEST3);
  const place5 = slot5(word);
  const near5 = <usize>load<u32>(place5, LATEST5);
  store<u32>(place5, <u32>at, LATEST5);
  const slot = slot8(word);
  let candidate = <usize>load<u32>(slot, LATEST);
  store<u16>((at & RING_MASK) << 1, <u32>min(at - candidate, FAR), PREVIOUS);
  store<u32>(slot, <u32>at, LATEST);

  const oldest = at - MAX_DISTANCE;
  const longest = min(MAX_MATCH, <u32>(end - at));
  const held = carried >> DISTANCE_BITS;
  let best: u32 = 0;
  if (near3 >= oldest && near3 !== near5 && ((load<u32>(near3) ^ bytes) & 0xffffff) === 0) {
    best = load<u32>(near3) === bytes ? commonLength(near3, at, longest) : MIN_MATCH;
    store<u32>(list, (best << DISTANCE_BITS) | <u32>(at - near3));
    list += 4;
  }
  // Inside a match the nearest is, as a rule, the one carried.
  const isCarried = held > MIN_MATCH && at - near5 === <usize>(carried & 0xffff);
  if (!isCarried && near5 >= oldest && load<u32>(near5) === bytes) {
    const length = commonLength(near5, at, longest);
    if (length > best) {
      best = length;
      store<u32>(list, (length << DISTANCE_BITS) | <u32>(at - near5));
      list += 4;
    }
  }
  if (held > best && (isCarried || held >= LONG_CARRIED)) {
    best = held;
    store<u32>(list, carried);
    list += 4;
  }
  // The chain's candidates are longer, so only such are worth a look.
  best = max(best, LISTED_BYTES - 1);
  const enough = min(nice, longest);
  if (best >= enough) return list;
  let tail = load<u32>(at + best - 3);
  for (let left = depth; left > 0 && candidate >= oldest; left--) {
    if (load<u32>(candidate + best - 3) === tail && load<u32>(candidate) === bytes) {
      const length = commonLength(candidate, at, longest);
      if (length > best) {
        best = length;
        store<u32>(list, (length << DISTANCE_BITS) | <u32>(at - candidate));
        list += 4;
        if (best >= enough) break;
        tail = load<u32>(at + best - 3);
      }
    }
    candidate -= <usize>load<u16>((candidate & RING_MASK) << 1, PREVIOUS);
  }
  return list;
}

function slot5(word: u64): usize {
  return (<usize>(((word << 24) * GOLDEN64) >> (64 - HASH5_BITS))) << 2;
}

function slot8(word: u64): usize {
  return (<usize>((word * GOLDEN64) >> (64 - HASH_BITS))) << 2;
}
