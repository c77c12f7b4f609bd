/**
 * The codes that a block is given for itself, and how they are described (RFC 1951
 * §3.2.7): both codes' lengths in one run, repeats shortened, in a code of their own,
 * the precode.
 */
import { putBits } from "./bit-writer";
import {
  DISTANCE_SYMBOLS,
  LAST_DISTANCE,
  LAST_LENGTH,
  LITLEN_SYMBOLS,
  MAX_CODE_LENGTH,
  MAX_PRECODE_LENGTH,
  PRECODE_ORDER,
  PRECODE_SYMBOLS,
  REPEAT_PREVIOUS,
  REPEAT_ZERO,
  REPEAT_ZERO_LONG,
} from "./deflate-format";
import { buildCodes, buildLengths, entry, increment, LENGTH_BITS, LENGTH_MASK, weigh } from "./encode-table";

/** The codes' lengths, a byte a symbol. */
export const LITLEN_LENGTHS: usize = memory.data(288, 16);
export const DISTANCE_LENGTHS: usize = memory.data(32, 16);

/** Both codes' lengths in one run, as they are sent. */
const LENGTHS: usize = memory.data(320, 16);
/** The run in the precode's symbols: the symbol, above it what its extra bits hold. */
const PRECODE_TOKENS: usize = memory.data(640, 16);
const PRECODE_SYMBOL_BITS: u32 = 5;
const PRECODE_SYMBOL_MASK: u32 = 31;

const PRECODE_FREQUENCIES: usize = memory.data(76, 16);
const PRECODE_LENGTHS: usize = memory.data(19, 16);
const PRECODE_CODES: usize = memory.data(76, 16);

let litlenCount: u32 = 0;
let distanceCount: u32 = 0;
let precodeCount: u32 = 0;
let precodeTokens: u32 = 0;

/** Makes the codes for symbols of these frequencies, and their description; returns its bits. */
export function buildDynamicCodes(litlen: usize, distance: usize): u32 {
  buildLengths(litlen, LITLEN_SYMBOLS, MAX_CODE_LENGTH, LITLEN_LENGTHS);
  buildLengths(distance, DISTANCE_SYMBOLS, MAX_CODE_LENGTH, DISTANCE_LENGTHS);
  litlenCount = trimmed(LITLEN_LENGTHS, LAST_LENGTH + 1, 257);
  distanceCount = trimmed(DISTANCE_LENGTHS, LAST_DISTANCE + 1, 1);
  memory.copy(LENGTHS, LITLEN_LENGTHS, litlenCount);
  memory.copy(LENGTHS + litlenCount, DISTANCE_LENGTHS, distanceCount);
  memory.fill(PRECODE_FREQUENCIES, 0, 76);
  precodeTokens = 0;
  shortenRuns(litlenCount + distanceCount);
  buildLengths(PRECODE_FREQUENCIES, PRECODE_SYMBOLS, MAX_PRECODE_LENGTH, PRECODE_LENGTHS);
  precodeCount = PRECODE_SYMBOLS;
  while (precodeCount > 4 && precodeLength(precodeCount - 1) === 0) precodeCount--;
  return dynamicHeaderBits();
}

/** Sends the description. */
export function writeDynamicHeader(): void {
  putBits(litlenCount - 257, 5);
  putBits(distanceCount - 1, 5);
  putBits(precodeCount - 4, 4);
  for (let i: u32 = 0; i < precodeCount; i++) putBits(precodeLength(i), 3);
  buildCodes(PRECODE_LENGTHS, PRECODE_SYMBOLS, PRECODE_CODES);
  for (let i: u32 = 0; i < precodeTokens; i++) {
    const token = <u32>load<u16>(PRECODE_TOKENS + (i << 1));
    const symbol = token & PRECODE_SYMBOL_MASK;
    const code = entry(PRECODE_CODES, symbol);
    putBits(code >> LENGTH_BITS, code & LENGTH_MASK);
    putBits(token >> PRECODE_SYMBOL_BITS, precodeExtraBits(symbol));
  }
}

/** How many lengths to send: those behind the last symbol that has a code are left out. */
function trimmed(lengths: usize, symbols: u32, least: u32): u32 {
  let count = symbols;
  while (count > least && load<u8>(lengths + count - 1) === 0) count--;
  return count;
}

/** RFC 1951 §3.2.7: runs of equal lengths become repeats, the longest first. */
function shortenRuns(total: u32): void {
  for (let at: u32 = 0; at < total; ) {
    const length = <u32>load<u8>(LENGTHS + at);
    let run: u32 = 1;
    while (at + run < total && load<u8>(LENGTHS + at + run) === length) run++;
    at += run;
    if (length !== 0) {
      addPrecodeToken(length, 0);
      run--;
    }
    while (length === 0 && run >= 11) {
      const part = min<u32>(run, 138);
      addPrecodeToken(REPEAT_ZERO_LONG, part - 11);
      run -= part;
    }
    while (run >= 3) {
      const part = min<u32>(run, length === 0 ? 10 : 6);
      addPrecodeToken(length === 0 ? REPEAT_ZERO : REPEAT_PREVIOUS, part - 3);
      run -= part;
    }
    for (; run > 0; run--) addPrecodeToken(length, 0);
  }
}

function addPrecodeToken(symbol: u32, extra: u32): void {
  store<u16>(PRECODE_TOKENS + (precodeTokens << 1), symbol | (extra << PRECODE_SYMBOL_BITS));
  precodeTokens++;
  increment(PRECODE_FREQUENCIES, symbol);
}

function precodeExtraBits(symbol: u32): u32 {
  if (symbol < REPEAT_PREVIOUS) return 0;
  return symbol === REPEAT_PREVIOUS ? 2 : symbol === REPEAT_ZERO ? 3 : 7;
}

/** The length of the precode's code that is sent as number `index`. */
function precodeLength(index: u32): u32 {
  return load<u8>(PRECODE_LENGTHS + load<u8>(PRECODE_ORDER + index));
}

function dynamicHeaderBits(): u32 {
  let sum = 14 + 3 * precodeCount + weigh(PRECODE_FREQUENCIES, PRECODE_SYMBOLS, PRECODE_LENGTHS);
  for (let symbol = REPEAT_PREVIOUS; symbol < PRECODE_SYMBOLS; symbol++) {
    sum += entry(PRECODE_FREQUENCIES, symbol) * precodeExtraBits(symbol);
  }
  return sum;
}
