/**
 * Finds earlier occurrences of the bytes at a position, for lazy-parser.ts (the
 * best one) and for match-lister.ts (one of each length).
 *
 * Algorithm: hash chains. A table tells for each hash of five bytes the latest
 * position that has it, and a ring of 32 Ki entries how far back the position
 * before each is: candidates come nearest first. A second table, of three-byte
 * hashes without chains, gives the nearest match of three or four bytes, asked
 * for only where the chain has none. Two such tables are libdeflate's (Eric
 * Biggers, MIT), whose chains are of four bytes.
 *
 * Whatever is longer than a match of `best` bytes agrees in the five that end with
 * the next one too, and they have a chain of their own, each of whose positions
 * tells of a candidate that begins as many bytes before it. So each time a match is
 * found, and at once where a parser holds one already, the walk goes on along that
 * chain instead, if its next candidate is the further away of the two: the rarer
 * bytes skip more (zlib-ng's deflate_slow, zlib licence, picks a chain so at its
 * highest level). That is worth more than four times the candidates: text with 8 is
 * 0.3% smaller than it was with 32 on one chain, and what many lines of a log have in
 * common no longer hides the line that has more.
 *
 * On a chain one comparison tells nearly all: on the position's own that of the
 * bytes where a longer match would end, on another that of the first four.
 *
 * What was measured: the walk waits for one load after the other, and for branches
 * that cannot be foreseen, so what counts is how little it holds in registers and
 * how seldom it turns. Touching the next position's entries beforehand, unrolling,
 * and inserting two positions at a time changed nothing or took longer. Sixteen bits
 * for five bytes are 3% faster than fifteen on text and 6% on a Debian layer,
 * thirteen for three bytes 1 to 5% faster than fourteen and 0.1% larger. Positions of
 * sixteen bits take half the memory and were a tenth slower: an old one looks like a
 * near one. Leaving the three-byte hash out inside matches is 2% faster and 1%
 * larger. Rows of candidates compared by tags in vectors (zstd's row matcher) find
 * as much in the same time.
 *
 * Positions are addresses. After `forget`, each must be given at most once, in
 * ascending order; the HASHED_BYTES from it must be input, since anything behind
 * the input would make the output depend on it.
 */
import { MAX_MATCH, MIN_MATCH } from "./deflate-format";
import { commonLength } from "./match-length";

/** Addresses of the latest position with each hash: of five bytes here; nearest-match.ts has two of four bytes' in it. */
const HASH_BITS: u32 = 16;
export const LATEST: usize = memory.data(262144, 16);
export const LATEST_SIZE: usize = 262144;
/** The same of three bytes; 0 is none. */
const HASH3_BITS: u32 = 13;
const LATEST3: usize = memory.data(32768, 16);
const LATEST3_SIZE: usize = 32768;
/**
 * How far before a position the last one with its hash is, modulo 65536. So what is
 * out of reach may look near: another candidate, compared as any is.
 */
const PREVIOUS: usize = memory.data(65536, 16);
const RING_MASK: usize = 32767;
/** One less than DEFLATE allows: at 32768 a position would share its ring entry with the candidate. */
export const MAX_DISTANCE: usize = 32767;

/** Bytes that must follow a position, and that all candidates of a chain share but for collisions. */
export const HASHED_BYTES: u32 = 5;

/** A match: its length above sixteen bits of distance; 0 if there is none. */
export const DISTANCE_BITS: u32 = 16;

/** Matches that `search` found, the last one the best. */
const FOUND: usize = memory.data(1040, 16);

/** The first position that may be referred to. */
let first: usize = 0;
/** The least length of a match, and the most distance of one of three bytes, see shortest-match.ts. */
let shortest: u32 = MIN_MATCH;
let reach: u32 = 0;

/** Forgets all positions, and what was before `from`. */
export function forget(from: usize): void {
  first = from;
  // Before all positions, by as much wherever in memory they are: PREVIOUS depends on it.
  store<u32>(LATEST, <u32>(from - 1));
  for (let size: usize = 4; size < LATEST_SIZE; size <<= 1) memory.copy(LATEST + size, LATEST, size);
  memory.fill(LATEST3, 0, LATEST3_SIZE);
}

/** What `search` is to leave out. */
export function limitMatches(least: u32, furthest: u32): void {
  shortest = least;
  reach = furthest;
}

/** Makes a position known. */
export function insert(at: usize): void {
  store<u32>(slot3(load<u32>(at)), <u32>at, LATEST3);
  link(at);
}

/** Makes the positions known that may be, of those before `to`; none beyond HASHED_BYTES before `end`. */
export function insertAll(from: usize, to: usize, end: usize): void {
  const stop = min(to, end - HASHED_BYTES + 1);
  for (let at = from; at < stop; at++) insert(at);
}

/** Makes a position known to the three-byte table; returns the one before it. */
export function link3(at: usize): usize {
  const slot = slot3(load<u32>(at));
  const latest = <usize>load<u32>(slot, LATEST3);
  store<u32>(slot, <u32>at, LATEST3);
  return latest;
}

/** Makes a position the head of its chain; returns the head before it. */
export function link(at: usize): usize {
  const slot = slot5(at);
  const latest = <usize>load<u32>(slot, LATEST);
  store<u16>((at & RING_MASK) << 1, <u32>(at - latest), PREVIOUS);
  store<u32>(slot, <u32>at, LATEST);
  return latest;
}

/** The next candidate of a chain. */
export function before(candidate: usize): usize {
  return candidate - <usize>load<u16>((candidate & RING_MASK) << 1, PREVIOUS);
}

/** How far back a position may refer. */
export function oldestFor(at: usize): usize {
  return max(at - MAX_DISTANCE, first);
}

/**
 * Makes a position known and returns its longest match before `end`, of `least`
 * bytes or more, of at most `depth` candidates tried; one of length `nice` ends the
 * search. `least` is five at most.
 */
export function search(at: usize, end: usize, least: u32, depth: u32, nice: u32): u32 {
  const word = load<u64>(at);
  const near3 = link3(at);
  const oldest = oldestFor(at);
  let candidate = link(at);
  for (let left = depth; candidate >= oldest && left > 0; left--) {
    const difference = load<u64>(candidate) ^ word;
    if (difference << 24 === 0) {
      const length = commonLength(candidate, at, min(MAX_MATCH, <u32>(end - at)));
      store<u32>(FOUND, length < shortest ? 0 : (length << DISTANCE_BITS) | <u32>(at - candidate));
      return longest(at, end, max(length, shortest - 1), before(candidate), left - 1, nice);
    }
    candidate = before(candidate);
  }
  return near3 < oldest ? 0 : short(at, near3, max(least, shortest));
}

/** The same for a match of `least` bytes that must be five or more. */
export function searchLonger(at: usize, end: usize, least: u32, depth: u32, nice: u32): u32 {
  link3(at);
  const candidate = link(at);
  if (at + least > end) return 0;
  store<u32>(FOUND, 0);
  return longest(at, end, least - 1, candidate, depth, nice);
}

/** The last of what `listLonger` finds, or what FOUND begins with. */
function longest(at: usize, end: usize, beaten: u32, candidate: usize, depth: u32, nice: u32): u32 {
  return load<u32>(listLonger(at, end, beaten, candidate, depth, nice, FOUND + 4) - 4);
}

/** The match of three or four bytes with `near3`, whose hash is the same. */
function short(at: usize, near3: usize, least: u32): u32 {
  const length = shortLength(at, near3);
  const distance = <u32>(at - near3);
  if (length < least || (length === MIN_MATCH && distance > reach)) return 0;
  return (length << DISTANCE_BITS) | distance;
}

/** Whether three bytes are equal at both places, or four; else 0. */
export function shortLength(at: usize, near3: usize): u32 {
  const difference = load<u32>(near3) ^ load<u32>(at);
  if (difference === 0) return MIN_MATCH + 1;
  return (difference & 0xffffff) === 0 ? MIN_MATCH : 0;
}

/**
 * Writes the matches of a position to `list`, each longer than the one before it and
 * than `beaten`, which is four or more; `candidate` is where its chain goes on. At most
 * `depth` are tried, and one of length `nice` ends it. Returns the list's end.
 */
export function listLonger(
  at: usize,
  end: usize,
  beaten: u32,
  candidate: usize,
  depth: u32,
  nice: u32,
  list: usize,
): usize {
  const most = min(MAX_MATCH, <u32>(end - at));
  const enough = min(nice, most);
  if (beaten >= enough || depth === 0) return list;
  const oldest = oldestFor(at);
  let best = beaten;
  /** How far behind the position the bytes are whose chain this is. */
  let shift: usize = 0;
  let next = <usize>best - HASHED_BYTES + 1;
  let other = latestOf(at + next);
  if (other < candidate + next) {
    candidate = other;
    shift = next;
  }
  // What to compare first, from the chain's position.
  let offset: usize = shift > 0 ? 0 - shift : <usize>best - 3;
  let expected = load<u32>(at + shift + offset);
  let bottom = oldest + shift;
  for (let left = depth; candidate >= bottom; ) {
    if (load<u32>(candidate + offset) === expected) {
      const from = candidate - shift;
      const length = commonLength(from, at, most);
      if (length > best) {
        best = length;
        store<u32>(list, (length << DISTANCE_BITS) | <u32>(at - from));
        list += 4;
        if (length >= enough) break;
        candidate = before(candidate);
        next = <usize>best - HASHED_BYTES + 1;
        other = latestOf(at + next);
        if (other + shift < candidate + next) {
          candidate = other;
          shift = next;
          bottom = oldest + shift;
          offset = 0 - shift;
        } else {
          offset = <usize>best - 3 - shift;
        }
        expected = load<u32>(at + shift + offset);
        if (--left === 0) break;
        continue;
      }
    }
    candidate = before(candidate);
    if (--left === 0) break;
  }
  return list;
}

/** The head of the chain of a position that is not known yet. */
function latestOf(at: usize): usize {
  return <usize>load<u32>(slot5(at), LATEST);
}

// Fibonacci hashing: the product's high bits depend on all the bytes.
export const GOLDEN: u32 = 0x9e3779b1;
const GOLDEN64: u64 = 0x9e3779b97f4a7c15;

function slot5(at: usize): usize {
  return (<usize>(((load<u64>(at) << 24) * GOLDEN64) >> (64 - HASH_BITS))) << 2;
}

function slot3(bytes: u32): usize {
  return (<usize>(((bytes << 8) * GOLDEN) >> (32 - HASH3_BITS))) << 2;
}
