/**
 * DEFLATE compression (RFC 1951) of one chunk, at level 1, 6 or 9.
 *
 * Algorithm: hash chains (match-finder.ts) with lazy evaluation: a match is held
 * back while the next position is tried, and dropped for a literal if that one
 * is better by libdeflate's measure (Eric Biggers, MIT), which weighs length
 * against the extra bits of a longer distance. The longer the match held, the
 * fewer candidates are tried against it. Matches too short for what their literals
 * cost are not looked for (shortest-match.ts). Level 1 takes what it finds; level 9 looks
 * for the cheapest way through all the matches (optimal-parser.ts). Where
 * hundreds of bytes have had no match, as in data compressed already, positions
 * are skipped, more and more of them until there is one. Blocks end where the
 * data changes (block-writer.ts).
 *
 * The result is a function of the level, the dictionary, the chunk and `last`,
 * and of nothing else: no earlier chunk, no state. Chunks of one stream can
 * therefore be compressed in any order, by any number of workers, and joined. A
 * chunk that is not the last ends with an empty stored block, so it fills whole
 * bytes. The parameters below are part of the format: a change changes digests.
 *
 * ABI: write the chunk, at most `CHUNK_SIZE` bytes, at `CHUNK`, and up to 32 KiB
 * that precede it right before; `compress` leaves its output at `OUTPUT` and
 * returns its length; `checksum` is the CRC-32 of the chunk, for whoever joins
 * chunks (checksum.ts combines them).
 */
import {
  addLiteral,
  addMatch,
  begin,
  endBlocks,
  endSegment,
  finish,
  isSegmentFull,
  literalBits,
  writeJoin,
} from "./block-writer";
import { crc32Long } from "./crc32-sparse";
import { MIN_MATCH, WINDOW_SIZE } from "./deflate-format";
import { DISTANCE_BITS, HASHED_BYTES, insert, insertNearest, nearest, reset, search } from "./match-finder";
import { parseOptimal } from "./optimal-parser";
import { shortestMatch, shortReach } from "./shortest-match";

export const CHUNK_SIZE: u32 = 1 << 20;
// The dictionary, the chunk, and slack for loads that reach beyond.
const INPUT: usize = memory.data(1081360, 16);
export const CHUNK: usize = INPUT + WINDOW_SIZE;

// No block is larger than stored: 5 bytes to every 2048 tokens, and a join. Before it, room for a header.
export const HEADER_ROOM: u32 = 16;
const OUTPUT_WINDOW: usize = memory.data(1114112, 16);
export const OUTPUT: usize = OUTPUT_WINDOW + HEADER_ROOM;

// What distinguishes the levels.
/** Candidates tried at a position. */
let depth: u32 = 0;
/** Candidates tried against a match that is held, by its length. */
let depthShort: u32 = 0;
let depthMedium: u32 = 0;
let depthLong: u32 = 0;
/** A match this long is taken without looking further. */
let nice: u32 = 0;

function setLevel(level: u32): void {
  if (level >= 6) setEffort(32, 10, 4, 2, 64);
  else setEffort(4, 0, 0, 0, 32);
}

function setEffort(any: u32, short: u32, medium: u32, long: u32, enough: u32): void {
  depth = any;
  depthShort = short;
  depthMedium = medium;
  depthLong = long;
  nice = enough;
}

function depthAgainst(length: u32): u32 {
  if (length < 8) return depthShort;
  return length < 16 ? depthMedium : depthLong;
}

/** Positions without a match, one after the other, before any is skipped; as many again before one more is. */
const PATIENCE: u32 = 256;
const FAST_PATIENCE: u32 = 64;
const LONGEST_SKIP: u32 = 31;

/** What a literal is taken to cost before there are any: 5.8 bits, as in text. */
const INITIAL_LITERAL_BITS: u32 = 1499;

/** A match must be longer than this. */
let tooShort: u32 = 0;
/** A three-byte match further away than this costs more bits than its literals, as a rule. */
let reach: u32 = 0;

/** What matches are worth depends on what the literals of the segment before cost. */
function setLimits(bits: u32): void {
  tooShort = shortestMatch(bits) - 1;
  reach = shortReach(bits);
}

/** Compresses `length` bytes at CHUNK; the `dictionary` bytes before it may be referred to. */
export function compress(level: u32, dictionary: u32, length: u32, last: bool): u32 {
  const end = CHUNK + length;
  setLevel(level);
  begin(OUTPUT, CHUNK);
  if (level >= 9) {
    parseOptimal(CHUNK - dictionary, CHUNK, end);
  } else if (level === 1) {
    reset();
    insertNearestAll(CHUNK - dictionary, CHUNK, end);
    parseFast(end);
  } else {
    reset();
    insertAll(CHUNK - dictionary, CHUNK, end);
    parse(end);
  }
  endBlocks(end, last);
  if (!last) writeJoin();
  return <u32>(finish() - OUTPUT);
}

/** The CRC-32 of the chunk's `length` bytes. */
export function checksum(length: u32): u32 {
  return crc32Long(CHUNK, length, 0);
}

/** Keeps the chunk's last 32 KiB as the next one's dictionary. */
export function carry(): void {
  memory.copy(INPUT, CHUNK + CHUNK_SIZE - WINDOW_SIZE, WINDOW_SIZE);
}

function parse(end: usize): void {
  const lazy = depthShort > 0;
  let at = CHUNK;
  setLimits(INITIAL_LITERAL_BITS);
  /** The match at the position before, if one is held back. */
  let held: u32 = 0;
  let misses: u32 = 0;
  while (at < end) {
    if (isSegmentFull()) {
      endSegment(held === 0 ? at : at - 1);
      setLimits(literalBits());
    }
    const length = held >> DISTANCE_BITS;
    let match: u32 = 0;
    if (at + HASHED_BYTES <= end) {
      const beaten = length === 0 ? tooShort : max(tooShort, length - 1);
      match = withoutFar(search(at, end, beaten, length === 0 ? depth : depthAgainst(length), nice));
    }
    if (length > 0) {
      if (!isBetter(match, held)) {
        addMatch(length, held & 0xffff);
        const next = at - 1 + length;
        insertAll(at + 1, next, end);
        at = next;
        held = 0;
        continue;
      }
      addLiteral(load<u8>(at - 1));
    }
    if (match === 0) {
      const stop = min(end, at + 1 + min(misses / PATIENCE, LONGEST_SKIP));
      for (; at < stop; at++) addLiteral(load<u8>(at));
      misses++;
      held = 0;
      continue;
    }
    misses = 0;
    if (lazy && match >> DISTANCE_BITS < nice) {
      held = match;
      at++;
      continue;
    }
    addMatch(match >> DISTANCE_BITS, match & 0xffff);
    const next = at + (match >> DISTANCE_BITS);
    insertAll(at + 1, next, end);
    at = next;
    held = 0;
  }
}

/** Level 1: the nearest match there is, at once. */
function parseFast(end: usize): void {
  let at = CHUNK;
  let misses: u32 = 0;
  while (at + HASHED_BYTES <= end) {
    if (isSegmentFull()) endSegment(at);
    const match = nearest(at, end);
    if (match === 0) {
      const stop = min(end, at + 1 + min(misses / FAST_PATIENCE, LONGEST_SKIP));
      for (; at < stop; at++) addLiteral(load<u8>(at));
      misses++;
      continue;
    }
    misses = 0;
    const next = at + (match >> DISTANCE_BITS);
    addMatch(match >> DISTANCE_BITS, match & 0xffff);
    insertNearestAll(at + 1, next, end);
    at = next;
  }
  for (; at < end; at++) addLiteral(load<u8>(at));
}

function insertNearestAll(from: usize, to: usize, end: usize): void {
  const stop = min(to, end - HASHED_BYTES + 1);
  for (let at = from; at < stop; at++) insertNearest(at);
}

/** No match instead of a short one far away. */
function withoutFar(match: u32): u32 {
  const tooFar = (MIN_MATCH << DISTANCE_BITS) | reach;
  return match >> DISTANCE_BITS === MIN_MATCH && match > tooFar ? 0 : match;
}

/** Whether the match one position on is worth the literal before it: a byte of length counts as four bits. */
function isBetter(next: u32, held: u32): bool {
  if (next === 0) return false;
  const longer = <i32>(next >> DISTANCE_BITS) - <i32>(held >> DISTANCE_BITS);
  const nearer = clz(next & 0xffff) - clz(held & 0xffff);
  return 4 * longer + nearer > 2;
}

function insertAll(from: usize, to: usize, end: usize): void {
  const stop = min(to, end - HASHED_BYTES + 1);
  for (let at = from; at < stop; at++) insert(at);
}
