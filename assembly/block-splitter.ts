/**
 * Where DEFLATE's blocks end.
 *
 * Algorithm: literals and matches are collected as tokens, their symbols
 * counted, in segments of two thousand. A segment joins the block before it
 * unless a code for both is estimated to cost more bits, by their entropy, than
 * two codes and a header: that is how blocks end where the data changes. (Taken
 * in hindsight, entropy is what the symbols cost but for rounding; libdeflate
 * compares ten classes of symbols instead. It saves 1.2% on a tar of software,
 * hardly anything on text.)
 */
import { writeTo } from "./bit-writer";
import { writeBlock } from "./block-writer";
import { DISTANCE_SYMBOLS, END_OF_BLOCK, LITLEN_SYMBOLS } from "./deflate-format";
import { distanceSymbol, lengthSymbol, prepareSymbols } from "./deflate-symbols";
import { increment } from "./encode-table";
import { BIT_SHIFT, information, literalCount, literalEntropy, prepareLogarithms } from "./entropy";
import { MATCH } from "./token-writer";

/** The most tokens a block has. */
const BLOCK_TOKENS: u32 = 65536;
/** Tokens after which it is asked whether the block ends before them. */
const SEGMENT_TOKENS: u32 = 2048;

// And 128 more: so many may come between two questions whether the segment is full.
const TOKENS: usize = memory.data(262656, 16);

/** Symbols of the block without its last segment; litlen's, then distance's. */
const LITLEN_FREQUENCIES: usize = memory.data(1280, 16);
const DISTANCE_FREQUENCIES: usize = LITLEN_FREQUENCIES + 1152;
const FREQUENCIES_SIZE: usize = 1280;
/** Symbols of the last segment. */
const SEGMENT_LITLEN: usize = memory.data(1280, 16);
const SEGMENT_DISTANCE: usize = SEGMENT_LITLEN + 1152;

/** What a header costs, in the unit of entropy.ts, like all entropy here. */
const HEADER_COST: i32 = 600 << BIT_SHIFT;

let tokens: u32 = 0;
/** Where in TOKENS the last segment begins, and where it is full. */
let segment: u32 = 0;
let segmentEnd: u32 = SEGMENT_TOKENS;
/** The data that the block's tokens, and the last segment's, begin with. */
let blockSource: usize = 0;
let segmentSource: usize = 0;
/** The entropy of the block without its last segment. */
let blockCost: u32 = 0;
/** What a literal of the last segment that has ended takes, and how many there were. */
let segmentLiteralBits: u32 = 0;
let segmentLiterals: u32 = 0;

/** Output goes to `target`, at a byte's boundary; the tokens will stand for the data at `source`. */
export function begin(target: usize, source: usize): void {
  prepareLogarithms();
  prepareSymbols();
  writeTo(target);
  blockSource = segmentSource = source;
  memory.fill(SEGMENT_LITLEN, 0, FREQUENCIES_SIZE);
  clearBlock();
}

export function isSegmentFull(): bool {
  return tokens >= segmentEnd;
}

export function addLiteral(byte: u32): void {
  addToken(byte);
  increment(SEGMENT_LITLEN, byte);
}

export function addMatch(length: u32, distance: u32): void {
  addToken(MATCH | (length << 16) | distance);
  increment(SEGMENT_LITLEN, lengthSymbol(length));
  increment(SEGMENT_DISTANCE, distanceSymbol(distance));
}

/** Ends a segment, whose tokens stand for the data up to `source`. */
export function endSegment(source: usize): void {
  segmentLiteralBits = literalEntropy(SEGMENT_LITLEN);
  segmentLiterals = literalCount(SEGMENT_LITLEN);
  const joinedCost = entropy(true);
  const segmentCost = entropy(false);
  if (segment > 0 && <i32>(joinedCost - blockCost - segmentCost) > HEADER_COST) {
    const from = segment;
    const count = tokens - from;
    tokens = from;
    endBlock(segmentSource, false);
    memory.copy(TOKENS, TOKENS + (from << 2), count << 2);
    tokens = count;
    blockCost = segmentCost;
  } else {
    blockCost = joinedCost;
  }
  joinSegment();
  segment = tokens;
  segmentEnd = tokens + SEGMENT_TOKENS;
  segmentSource = source;
  if (segmentEnd > BLOCK_TOKENS) endBlock(source, false);
}

/** Ends the last segment and block. */
export function endBlocks(source: usize, last: bool): void {
  endSegment(source);
  endBlock(source, last);
}

/** Bits of an average literal of the last segment, in a code of literals alone. */
export function literalBits(): u32 {
  return segmentLiteralBits;
}

/** Whether the last segment has three literals or more to a match. */
export function isMostlyLiteral(): bool {
  return 4 * segmentLiterals >= 3 * SEGMENT_TOKENS;
}

/** Writes the block's tokens, which stand for the data up to `end`. */
function endBlock(end: usize, last: bool): void {
  increment(LITLEN_FREQUENCIES, END_OF_BLOCK);
  const length = <u32>(end - blockSource);
  const to = TOKENS + (tokens << 2);
  writeBlock(TOKENS, to, LITLEN_FREQUENCIES, DISTANCE_FREQUENCIES, blockSource, length, last);
  blockSource = end;
  clearBlock();
}

function addToken(token: u32): void {
  store<u32>(TOKENS + (tokens << 2), token);
  tokens++;
}

function clearBlock(): void {
  tokens = segment = 0;
  segmentEnd = SEGMENT_TOKENS;
  blockCost = 0;
  memory.fill(LITLEN_FREQUENCIES, 0, FREQUENCIES_SIZE);
}

function joinSegment(): void {
  for (let at: usize = 0; at < FREQUENCIES_SIZE; at += 4) {
    store<u32>(LITLEN_FREQUENCIES + at, load<u32>(LITLEN_FREQUENCIES + at) + load<u32>(SEGMENT_LITLEN + at));
  }
  memory.fill(SEGMENT_LITLEN, 0, FREQUENCIES_SIZE);
}

/** What the segment's symbols cost in a code of their own, or, if `joined`, in one with the block's. */
function entropy(joined: bool): u32 {
  return alphabetEntropy(0, LITLEN_SYMBOLS, joined) + alphabetEntropy(1152, DISTANCE_SYMBOLS, joined);
}

/** Of N symbols, of which each occurs n times: N log N minus the sum of n log n. */
function alphabetEntropy(offset: usize, symbols: u32, joined: bool): u32 {
  let count: u32 = 0;
  let sum: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const at = offset + (symbol << 2);
    let n = load<u32>(at, SEGMENT_LITLEN);
    if (joined) n += load<u32>(at, LITLEN_FREQUENCIES);
    if (n === 0) continue;
    count += n;
    sum += information(n);
  }
  return information(count) - sum;
}
