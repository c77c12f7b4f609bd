/**
 * Writes one block of DEFLATE (RFC 1951 §3.2.3-§3.2.7) in the smallest of its three
 * forms: stored, in the fixed code, or in a code made for it. The exact size of each is
 * computed first; of equals the simpler one is taken.
 */
import { align, bitCount, putBits, putBytes } from "./bit-writer";
import {
  BLOCK_DYNAMIC,
  BLOCK_FIXED,
  BLOCK_STORED,
  DISTANCE_SYMBOLS,
  distanceExtraBits,
  FIRST_LENGTH,
  fixedLengths,
  LAST_DISTANCE,
  LAST_LENGTH,
  LITLEN_SYMBOLS,
  lengthExtraBits,
} from "./deflate-format";
import { buildDynamicCodes, DISTANCE_LENGTHS, LITLEN_LENGTHS, writeDynamicHeader } from "./dynamic-header";
import { entry, weigh } from "./encode-table";
import { writeTokens } from "./token-writer";

const FIXED_LITLEN_LENGTHS: usize = memory.data(288, 16);
const FIXED_DISTANCE_LENGTHS: usize = memory.data(32, 16);
let fixedReady: bool = false;

/** The most a stored block holds. */
const STORED_LIMIT: u32 = 65535;

/**
 * Writes the tokens from `from` to `to`, which stand for `length` bytes at `source`;
 * `litlen` and `distance` are their symbols' frequencies, the block's end included.
 */
export function writeBlock(
  from: usize,
  to: usize,
  litlen: usize,
  distance: usize,
  source: usize,
  length: u32,
  last: bool,
): void {
  prepareFixed();
  const header = buildDynamicCodes(litlen, distance);
  const extra = extraBits(litlen, distance);
  const dynamic = header + codedBits(litlen, distance, LITLEN_LENGTHS, DISTANCE_LENGTHS) + extra;
  const fixed = codedBits(litlen, distance, FIXED_LITLEN_LENGTHS, FIXED_DISTANCE_LENGTHS) + extra;
  if (storedBits(length) <= min(fixed, dynamic) + 3) {
    writeStored(source, length, last);
  } else if (fixed <= dynamic) {
    beginBlock(BLOCK_FIXED, last);
    writeTokens(from, to, FIXED_LITLEN_LENGTHS, FIXED_DISTANCE_LENGTHS);
  } else {
    beginBlock(BLOCK_DYNAMIC, last);
    writeDynamicHeader();
    writeTokens(from, to, LITLEN_LENGTHS, DISTANCE_LENGTHS);
  }
}

/** An empty stored block, which ends at a byte's boundary. */
export function writeJoin(): void {
  writeStored(0, 0, false);
}

function prepareFixed(): void {
  if (fixedReady) return;
  fixedReady = true;
  fixedLengths(FIXED_LITLEN_LENGTHS, FIXED_DISTANCE_LENGTHS);
}

function beginBlock(form: u32, last: bool): void {
  putBits((last ? 1 : 0) | (form << 1), 3);
}

/** Bits of all tokens' codes, and of the block's end. */
function codedBits(litlen: usize, distance: usize, litlenLengths: usize, distanceLengths: usize): u32 {
  return weigh(litlen, LITLEN_SYMBOLS, litlenLengths) + weigh(distance, DISTANCE_SYMBOLS, distanceLengths);
}

/** Extra bits of all tokens, the same in either code. */
function extraBits(litlen: usize, distance: usize): u32 {
  let sum: u32 = 0;
  for (let symbol = FIRST_LENGTH; symbol <= LAST_LENGTH; symbol++) {
    sum += entry(litlen, symbol) * lengthExtraBits(symbol);
  }
  for (let symbol: u32 = 0; symbol <= LAST_DISTANCE; symbol++) {
    sum += entry(distance, symbol) * distanceExtraBits(symbol);
  }
  return sum;
}

/** Bits of stored blocks with all their headers, from the place in the byte where the first would begin. */
function storedBits(length: u32): u32 {
  const blocks = max((length + STORED_LIMIT - 1) / STORED_LIMIT, 1);
  const padding = (8 - ((bitCount + 3) & 7)) & 7;
  return 3 + padding + 32 + (blocks - 1) * 40 + length * 8;
}

function writeStored(source: usize, length: u32, last: bool): void {
  let left = length;
  let from = source;
  do {
    const part = min(left, STORED_LIMIT);
    left -= part;
    beginBlock(BLOCK_STORED, last && left === 0);
    align();
    putBits(part | ((~part & 0xffff) << 16), 32);
    putBytes(from, part);
    from += part;
  } while (left > 0);
}
