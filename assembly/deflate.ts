/**
 * DEFLATE compression (RFC 1951) of one chunk, level 6.
 *
 * Algorithm: hash chains (match-finder.ts) with lazy evaluation: a match is held
 * back while the next position is tried, and dropped for a literal if that one
 * is better by libdeflate's measure (Eric Biggers, MIT), which weighs length
 * against the extra bits of a longer distance. Blocks end after a fixed number
 * of tokens (block-writer.ts).
 *
 * The result is a function of the dictionary, the chunk and `last`, and of
 * nothing else: no earlier chunk, no state. Chunks of one stream can therefore
 * be compressed in any order, by any number of workers, and joined. A chunk that
 * is not the last ends with an empty stored block, so it fills whole bytes. The
 * parameters below are part of the format: a change changes digests.
 *
 * ABI: write the chunk, at most `CHUNK_SIZE` bytes, at `CHUNK`, and up to 32 KiB
 * that precede it right before; `compress` leaves its output at `OUTPUT` and
 * returns its length.
 */
import { addLiteral, addMatch, begin, endBlock, finish, isFull, writeJoin } from "./block-writer";
import { WINDOW_SIZE } from "./deflate-format";
import { DISTANCE_BITS, HASHED_BYTES, insert, NICE_LENGTH, reset, search } from "./match-finder";

export const CHUNK_SIZE: u32 = 1 << 20;
// The dictionary, the chunk, and slack for loads that reach beyond.
const INPUT: usize = memory.data(1081360, 16);
export const CHUNK: usize = INPUT + WINDOW_SIZE;

// No block is larger than stored: 5 bytes to every 16384 tokens, and a join. Before it, room for a header.
export const HEADER_ROOM: u32 = 16;
const OUTPUT_WINDOW: usize = memory.data(1114112, 16);
export const OUTPUT: usize = OUTPUT_WINDOW + HEADER_ROOM;

/** Candidates tried at a position; half as many where a match is already held. */
const DEPTH: u32 = 32;
/** A three-byte match further away than this costs more bits than its literals, as a rule. */
const SHORT_MATCH_REACH: u32 = 8192;

/** Compresses `length` bytes at CHUNK; the `dictionary` bytes before it may be referred to. */
export function compress(dictionary: u32, length: u32, last: bool): u32 {
  const end = CHUNK + length;
  begin(OUTPUT);
  reset();
  insertAll(CHUNK - dictionary, CHUNK, end);
  parse(end, last);
  if (!last) writeJoin();
  return <u32>(finish() - OUTPUT);
}

/** Keeps the chunk's last 32 KiB as the next one's dictionary. */
export function carry(): void {
  memory.copy(INPUT, CHUNK + CHUNK_SIZE - WINDOW_SIZE, WINDOW_SIZE);
}

function parse(end: usize, last: bool): void {
  let block = CHUNK;
  let at = CHUNK;
  let match = find(at, end, 0, DEPTH);
  while (at < end) {
    if (isFull()) {
      endBlock(block, <u32>(at - block), false);
      block = at;
    }
    const length = match >> DISTANCE_BITS;
    const distance = match & 0xffff;
    if (length === 0) {
      addLiteral(load<u8>(at));
      at++;
      match = find(at, end, 0, DEPTH);
      continue;
    }
    let known = at + 1;
    if (length < NICE_LENGTH) {
      const next = find(at + 1, end, length - 1, DEPTH / 2);
      if (isBetter(next, length, distance)) {
        addLiteral(load<u8>(at));
        at++;
        match = next;
        continue;
      }
      known++;
    }
    addMatch(length, distance);
    at += length;
    insertAll(known, at, end);
    match = find(at, end, 0, DEPTH);
  }
  endBlock(block, <u32>(end - block), last);
}

/** The match to use at a position, as match-finder.ts gives it; 0 if none. */
function find(at: usize, end: usize, shortest: u32, depth: u32): u32 {
  if (at + HASHED_BYTES > end) return 0;
  const match = search(at, end, shortest, depth);
  const tooFar: u32 = (3 << DISTANCE_BITS) | SHORT_MATCH_REACH;
  return match >> DISTANCE_BITS === 3 && match > tooFar ? 0 : match;
}

/** Whether the match one position on is worth the literal before it: a byte of length counts as four bits. */
function isBetter(next: u32, length: u32, distance: u32): bool {
  if (next === 0) return false;
  const longer = <i32>(next >> DISTANCE_BITS) - <i32>length;
  const nearer = clz(next & 0xffff) - clz(distance);
  return 4 * longer + nearer > 2;
}

function insertAll(from: usize, to: usize, end: usize): void {
  const stop = min(to, end - HASHED_BYTES + 1);
  for (let at = from; at < stop; at++) insert(at);
}
