/**
 * Near-optimal parsing, level 9: of all ways to write a stretch of data as
 * literals and matches, the cheapest.
 *
 * Algorithm: each position's matches are listed (match-lister.ts). Then, from the
 * stretch's end to its start, each position gets the least cost at which the rest
 * can be written, over a literal and over every match at each of its lengths: a
 * shortest path (Storer and Szymanski, 1982, for one cost; LZMA and libdeflate's
 * level 10, Eric Biggers, MIT, for symbols of their own costs). Costs are what
 * symbol-costs.ts expects. libdeflate goes through a block several times, each time
 * with the costs that the last made; here the costs are what the stretch before
 * took, and only the chunk's first stretch, which has none before, is gone through
 * twice. Blocks end where block-splitter.ts sees fit.
 *
 * Choosing by a comparison of packed numbers takes no branch, and the table of lengths
 * is packed the same way.
 *
 * What was measured: going through each stretch twice makes text 0.1% smaller and
 * takes half as long again; counting over more stretches than one changes nothing.
 * Lengths that one symbol stands for cost the same, and the longest of them leaves the
 * least, as a rule; so of each symbol it alone is tried. All symbols instead of TRIED make
 * text 0.02% smaller and take a tenth longer. The nine longest lengths, which were tried
 * before, were a fiftieth faster and made text 0.3% larger, lock files 1.8%, JSON whose
 * records differ in few places 5%, and only lists of files 0.5% smaller. Sixteen
 * candidates instead of ten make text 0.06% smaller and take 5% longer. Passing over what is inside a match of 48 bytes, as was done
 * once, made logs, lists of files and long runs up to 30% larger.
 *
 * Bounds: DEPTH candidates at a position, TRIED + 1 lengths of each match; nothing is
 * searched inside a match of the greatest length.
 */
import { addLiteral, addMatch, endSegment, isSegmentFull } from "./block-splitter";
import { MAX_MATCH, MIN_MATCH } from "./deflate-format";
import { DISTANCE_BITS, forget, HASHED_BYTES, insertAll } from "./match-finder";
import { LIST_LIMIT, listMatches } from "./match-lister";
import {
  countLiteral,
  countMatch,
  distanceCost,
  fadeSymbols,
  forgetSymbols,
  lengthChoice,
  literalCost,
  setCosts,
  symbolChoices,
} from "./symbol-costs";

/** Positions that are parsed at once; a match at the last may reach beyond. */
const STRETCH: u32 = 16384;

/** All positions' matches, and where each position's end. */
const MATCHES: usize = memory.data(524288, 16);
const MATCHES_LIMIT: usize = MATCHES + 524288 - 4 * LIST_LIMIT;
const MATCHES_ENDS: usize = memory.data(66576, 16);
/** What the rest costs from each position, and the match to take there, 0 for a literal. */
const COSTS: usize = memory.data(66576, 16);
const CHOICES: usize = memory.data(66576, 16);

/** Candidates tried at a position, and against a match carried on of this length. */
const DEPTH: u32 = 10;
const SHORT_CARRIED: u32 = 8;
const DEPTH_SHORT: u32 = 4;
/** A match is tried at its longest, and at the longest of this many length symbols below. */
const TRIED: u32 = 6;

/** Positions without a match, one after the other, before any is skipped; as many again before one more is. */
const PATIENCE: u32 = 256;
const LONGEST_SKIP: u32 = 31;

let misses: u32 = 0;
/** The last position's longest match, a byte shorter. */
let carried: u32 = 0;

/** Writes the data from `start` to `end` as tokens; matches may reach back to `dictionary`. */
export function parseOptimal(dictionary: usize, start: usize, end: usize): void {
  misses = carried = 0;
  forget(dictionary);
  forgetSymbols();
  insertAll(dictionary, start, end);
  for (let at = start; at < end; ) {
    const next = listStretch(at, end);
    const count = <u32>(next - at);
    if (at === start) {
      countLazily(at, count);
      setCosts();
      findPath(at, count);
      forgetSymbols();
      countPath(at, count);
    }
    setCosts();
    findPath(at, count);
    fadeSymbols();
    countPath(at, count);
    writePath(at, count);
    at = next;
  }
}

/** Lists the matches of a stretch; returns where it ends. */
function listStretch(start: usize, end: usize): usize {
  const stop = min(end, start + STRETCH);
  let at = start;
  let list = MATCHES;
  while (at < stop && list < MATCHES_LIMIT) {
    const before = list;
    if (at + HASHED_BYTES <= end) {
      const depth = carried >> DISTANCE_BITS < SHORT_CARRIED ? DEPTH : DEPTH_SHORT;
      list = listMatches(at, end, carried, depth, list);
    }
    const longest: u32 = list === before ? 0 : load<u32>(list - 4);
    const length = max(longest, carried) >> DISTANCE_BITS;
    if (length < MIN_MATCH) {
      const skip = 1 + min(misses / PATIENCE, LONGEST_SKIP);
      const next = min(stop, at + skip);
      for (; at < next; at++) endList(start, at, list);
      misses++;
      carried = 0;
      continue;
    }
    misses = 0;
    const match: u32 = longest >> DISTANCE_BITS === length ? longest : carried;
    if (match !== longest) {
      store<u32>(list, match);
      list += 4;
    }
    endList(start, at++, list);
    carried = match - (1 << DISTANCE_BITS);
    if (length < MAX_MATCH) continue;
    const next = at - 1 + length;
    insertAll(at, next, end);
    for (; at < next; at++) endList(start, at, list);
    carried = 0;
  }
  return at;
}

function endList(start: usize, at: usize, list: usize): void {
  store<u32>(MATCHES_ENDS + ((at - start) << 2), <u32>list);
}

function listEnd(index: u32): usize {
  return <usize>load<u32>(MATCHES_ENDS + (index << 2));
}

function listStart(index: u32): usize {
  return index === 0 ? MATCHES : listEnd(index - 1);
}

function longestAt(index: u32): u32 {
  const end = listEnd(index);
  return end === listStart(index) ? 0 : load<u32>(end - 4);
}

/** Counts the symbols of a parser that takes the longest match unless the next position has a longer one. */
function countLazily(start: usize, count: u32): void {
  for (let index: u32 = 0; index < count; ) {
    const match = longestAt(index);
    const next = index + 1 < count ? longestAt(index + 1) : 0;
    if (match === 0 || next >> DISTANCE_BITS > match >> DISTANCE_BITS) {
      countLiteral(load<u8>(start + index));
      index++;
    } else {
      countMatch(match >> DISTANCE_BITS, match & 0xffff);
      index += match >> DISTANCE_BITS;
    }
  }
}

function findPath(start: usize, count: u32): void {
  store<u32>(COSTS + (count << 2), 0);
  let listed = listEnd(count - 1);
  for (let index: u32 = count; index > 0; ) {
    index--;
    const rest = COSTS + (index << 2);
    // Cost above choice in one number: of equals the literal, then the shorter and nearer.
    let least = (<u64>(load<u32>(rest, 4) + literalCost(load<u8>(start + index)))) << 32;
    const first = listStart(index);
    const room = count - index;
    let length: u32 = MIN_MATCH;
    for (let at = first; at < listed; at += 4) {
      const match = load<u32>(at);
      const distance = match & 0xffff;
      const longest = min(match >> DISTANCE_BITS, room);
      const reached = ((<u64>distanceCost(distance)) << 32) | distance;
      if (length > longest) continue;
      const last = symbolChoices(longest);
      for (let symbol = max(symbolChoices(length), last - 8 * TRIED); symbol < last; symbol += 8) {
        least = cheaper(least, reached + load<u64>(symbol), rest);
      }
      least = cheaper(least, reached + lengthChoice(longest), rest);
      length = longest + 1;
    }
    store<u32>(rest, <u32>(least >> 32));
    store<u32>(CHOICES + (index << 2), <u32>least);
    listed = first;
  }
}

/** The lesser of `least` and a match, given its cost above its choice, with what costs the `rest` behind it. */
function cheaper(least: u64, match: u64, rest: usize): u64 {
  const length = (<usize>match >> DISTANCE_BITS) & 0xffff;
  const choice = match + ((<u64>load<u32>(rest + (length << 2))) << 32);
  return select<u64>(choice, least, choice < least);
}

function countPath(start: usize, count: u32): void {
  for (let index: u32 = 0; index < count; ) {
    const match = load<u32>(CHOICES + (index << 2));
    if (match === 0) {
      countLiteral(load<u8>(start + index));
      index++;
    } else {
      countMatch(match >> DISTANCE_BITS, match & 0xffff);
      index += match >> DISTANCE_BITS;
    }
  }
}

function writePath(start: usize, count: u32): void {
  for (let index: u32 = 0; index < count; ) {
    if (isSegmentFull()) endSegment(start + index);
    const match = load<u32>(CHOICES + (index << 2));
    if (match === 0) {
      addLiteral(load<u8>(start + index));
      index++;
    } else {
      addMatch(match >> DISTANCE_BITS, match & 0xffff);
      index += match >> DISTANCE_BITS;
    }
  }
}
