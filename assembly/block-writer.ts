/**
 * DEFLATE's blocks, written (RFC 1951 §3.2.3-§3.2.7).
 *
 * Algorithm: literals and matches are collected as tokens, their symbols
 * counted, in segments of two thousand. A segment joins the block before it
 * unless a code for both is estimated to cost more bits, by their entropy, than
 * two codes and a header: that is how blocks end where the data changes. (Taken
 * in hindsight, entropy is what the symbols cost but for rounding; libdeflate
 * compares ten classes of symbols instead. It saves 1.2% on a tar of software,
 * hardly anything on text.) At a block's end its exact size is computed in each
 * of the three forms, and the smallest written: stored, fixed code, or a code made
 * for it; of equals the simpler one.
 *
 * Output goes to a window that the caller names at `begin`, through a bit
 * buffer that is stored whole, eight bytes at a time, and advanced by its full
 * bytes: so up to seven bytes behind the output are scribbled on.
 */
import {
  BLOCK_DYNAMIC,
  BLOCK_FIXED,
  BLOCK_STORED,
  DISTANCE_SYMBOLS,
  distanceExtraBits,
  END_OF_BLOCK,
  FIRST_LENGTH,
  fixedLengths,
  LAST_DISTANCE,
  LAST_LENGTH,
  LITLEN_SYMBOLS,
  lengthExtraBits,
  MAX_CODE_LENGTH,
  MAX_MATCH,
  MAX_PRECODE_LENGTH,
  MIN_MATCH,
  PRECODE_ORDER,
  PRECODE_SYMBOLS,
  REPEAT_PREVIOUS,
  REPEAT_ZERO,
  REPEAT_ZERO_LONG,
} from "./deflate-format";
import { buildCodes, buildLengths, entry, LENGTH_BITS, LENGTH_MASK } from "./encode-table";
import { BIT_SHIFT, information, literalEntropy, prepareLogarithms } from "./entropy";

/** The most tokens a block has. */
const BLOCK_TOKENS: u32 = 65536;
/** Tokens after which it is asked whether the block ends before them. */
const SEGMENT_TOKENS: u32 = 2048;

/** A literal is its byte; a match is this flag, its length above sixteen bits, and its distance. */
const MATCH: u32 = 1 << 31;
// And 64 more: so many may come between two questions whether the segment is full.
const TOKENS: usize = memory.data(262400, 16);

/** Symbols of the block without its last segment; litlen's, then distance's. */
const LITLEN_FREQUENCIES: usize = memory.data(1280, 16);
const DISTANCE_FREQUENCIES: usize = LITLEN_FREQUENCIES + 1152;
const FREQUENCIES_SIZE: usize = 1280;
/** Symbols of the last segment. */
const SEGMENT_LITLEN: usize = memory.data(1280, 16);
const SEGMENT_DISTANCE: usize = SEGMENT_LITLEN + 1152;

/** What a header costs, in the unit of entropy.ts, like all entropy here. */
const HEADER_COST: i32 = 600 << BIT_SHIFT;
const PRECODE_FREQUENCIES: usize = memory.data(76, 16);

/** Code lengths, litlen's and distance's. */
const LITLEN_LENGTHS: usize = memory.data(288, 16);
const DISTANCE_LENGTHS: usize = memory.data(32, 16);
const PRECODE_LENGTHS: usize = memory.data(19, 16);
const FIXED_LITLEN_LENGTHS: usize = memory.data(288, 16);
const FIXED_DISTANCE_LENGTHS: usize = memory.data(32, 16);

const LITLEN_CODES: usize = memory.data(1152, 16);
const DISTANCE_CODES: usize = memory.data(128, 16);
const PRECODE_CODES: usize = memory.data(76, 16);

/** Each match length's symbol, counted from the first. */
const LENGTH_SYMBOLS: usize = memory.data(259, 16);
/** What is sent for each match length, its symbol's code and the extra bits, above five bits of how many. */
const LENGTH_CODES: usize = memory.data(1036, 16);
const LENGTH_CODE_BITS: u32 = 5;
const LENGTH_CODE_MASK: u32 = 31;

/** Both codes' lengths in one run, as they are sent. */
const LENGTHS: usize = memory.data(320, 16);
/** The run in the precode's symbols: the symbol, above it what its extra bits hold. */
const PRECODE_TOKENS: usize = memory.data(640, 16);
const PRECODE_SYMBOL_BITS: u32 = 5;
const PRECODE_SYMBOL_MASK: u32 = 31;

/** The most a stored block holds. */
const STORED_LIMIT: u32 = 65535;

let tokens: u32 = 0;
/** Where in TOKENS the last segment begins, and where it is full. */
let segment: u32 = 0;
let segmentEnd: u32 = SEGMENT_TOKENS;
/** The data that the block's tokens, and the last segment's, begin with. */
let blockSource: usize = 0;
let segmentSource: usize = 0;
/** The entropy of the block without its last segment. */
let blockCost: u32 = 0;
/** What a literal of the last full segment takes, see `literalBits`. */
let segmentLiteralBits: u32 = 0;
let litlenCount: u32 = 0;
let distanceCount: u32 = 0;
let precodeCount: u32 = 0;
let precodeTokens: u32 = 0;

let output: usize = 0;
let bits: u64 = 0;
let bitCount: u32 = 0;
let fixedReady: bool = false;

/** Output goes to `target`, at a byte's boundary; the tokens will stand for the data at `source`. */
export function begin(target: usize, source: usize): void {
  output = target;
  bits = 0;
  bitCount = 0;
  blockSource = segmentSource = source;
  memory.fill(SEGMENT_LITLEN, 0, FREQUENCIES_SIZE);
  clearBlock();
  if (fixedReady) return;
  prepareLogarithms();
  fillLengthSymbols();
  fixedLengths(FIXED_LITLEN_LENGTHS, FIXED_DISTANCE_LENGTHS);
  fixedReady = true;
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

/** Writes the block's tokens, which stand for the data up to `end`. */
function endBlock(end: usize, last: bool): void {
  const source = blockSource;
  const length = <u32>(end - source);
  blockSource = end;
  increment(LITLEN_FREQUENCIES, END_OF_BLOCK);
  buildDynamicCode();
  const extra = extraBits();
  const dynamic = dynamicHeaderBits() + codedBits(LITLEN_LENGTHS, DISTANCE_LENGTHS) + extra;
  const fixed = codedBits(FIXED_LITLEN_LENGTHS, FIXED_DISTANCE_LENGTHS) + extra;
  const stored = storedBits(length);
  if (stored <= min(fixed, dynamic) + 3) {
    writeStored(source, length, last);
  } else if (fixed <= dynamic) {
    putBits((last ? 1 : 0) | (BLOCK_FIXED << 1), 3);
    buildCodes(FIXED_LITLEN_LENGTHS, LITLEN_SYMBOLS, LITLEN_CODES);
    buildCodes(FIXED_DISTANCE_LENGTHS, DISTANCE_SYMBOLS, DISTANCE_CODES);
    writeTokens();
  } else {
    putBits((last ? 1 : 0) | (BLOCK_DYNAMIC << 1), 3);
    writeDynamicHeader();
    buildCodes(LITLEN_LENGTHS, litlenCount, LITLEN_CODES);
    buildCodes(DISTANCE_LENGTHS, distanceCount, DISTANCE_CODES);
    writeTokens();
  }
  clearBlock();
}

/** An empty stored block, which ends at a byte's boundary. */
export function writeJoin(): void {
  writeStored(0, 0, false);
}

/** Fills the last byte with zeros; returns where the output ends. */
export function finish(): usize {
  align();
  return output;
}

function addToken(token: u32): void {
  store<u32>(TOKENS + (tokens << 2), token);
  tokens++;
}

export function increment(frequencies: usize, symbol: u32): void {
  const at = frequencies + (symbol << 2);
  store<u32>(at, load<u32>(at) + 1);
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

/** Bits of an average literal of the last segment, in a code of literals alone. */
export function literalBits(): u32 {
  return segmentLiteralBits;
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

/** The symbol that stands for a length; the first `begin` fills the table. */
export function lengthSymbol(length: u32): u32 {
  return FIRST_LENGTH + load<u8>(LENGTH_SYMBOLS + length);
}

/** RFC 1951 §3.2.5: each symbol stands for as many lengths as its extra bits tell apart. */
function fillLengthSymbols(): void {
  let length = MIN_MATCH;
  for (let symbol = FIRST_LENGTH; symbol < LAST_LENGTH; symbol++) {
    const count: u32 = 1 << lengthExtraBits(symbol);
    memory.fill(LENGTH_SYMBOLS + length, <u8>(symbol - FIRST_LENGTH), count);
    length += count;
  }
  store<u8>(LENGTH_SYMBOLS + MAX_MATCH, <u8>(LAST_LENGTH - FIRST_LENGTH));
}

/** RFC 1951 §3.2.5: beyond 4, two symbols share each power of two. */
export function distanceSymbol(distance: u32): u32 {
  const offset = distance - 1;
  if (offset < 4) return offset;
  const power = 31 - clz(offset);
  return 2 * power + ((offset >> (power - 1)) & 1);
}

/** Bits of all tokens' codes, and of the block's end. */
function codedBits(litlen: usize, distance: usize): u32 {
  return (
    weigh(LITLEN_FREQUENCIES, LITLEN_SYMBOLS, litlen) +
    weigh(DISTANCE_FREQUENCIES, DISTANCE_SYMBOLS, distance)
  );
}

function weigh(frequencies: usize, symbols: u32, lengths: usize): u32 {
  let sum: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    sum += entry(frequencies, symbol) * <u32>load<u8>(lengths + symbol);
  }
  return sum;
}

/** Extra bits of all tokens, the same in either code. */
function extraBits(): u32 {
  let sum: u32 = 0;
  for (let symbol = FIRST_LENGTH; symbol <= LAST_LENGTH; symbol++) {
    sum += entry(LITLEN_FREQUENCIES, symbol) * lengthExtraBits(symbol);
  }
  for (let symbol: u32 = 0; symbol <= LAST_DISTANCE; symbol++) {
    sum += entry(DISTANCE_FREQUENCIES, symbol) * distanceExtraBits(symbol);
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
    putBits((last && left === 0 ? 1 : 0) | (BLOCK_STORED << 1), 3);
    align();
    putBits(part | ((~part & 0xffff) << 16), 32);
    memory.copy(output, from, part);
    output += part;
    from += part;
  } while (left > 0);
}

/** Makes the code for this block's symbols, and its description. */
function buildDynamicCode(): void {
  buildLengths(LITLEN_FREQUENCIES, LITLEN_SYMBOLS, MAX_CODE_LENGTH, LITLEN_LENGTHS);
  buildLengths(DISTANCE_FREQUENCIES, DISTANCE_SYMBOLS, MAX_CODE_LENGTH, DISTANCE_LENGTHS);
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

function writeDynamicHeader(): void {
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

/** Joins each length's code and extra bits, which spares the tokens two steps of three. */
function fillLengthCodes(): void {
  for (let length = MIN_MATCH; length <= MAX_MATCH; length++) {
    const symbol = lengthSymbol(length);
    const code = entry(LITLEN_CODES, symbol);
    const codeBits = code & LENGTH_MASK;
    const extraBits = lengthExtraBits(symbol);
    const extra = (length - MIN_MATCH) & ((1 << extraBits) - 1);
    const bits = (code >> LENGTH_BITS) | (extra << codeBits);
    store<u32>(LENGTH_CODES + (length << 2), (bits << LENGTH_CODE_BITS) | (codeBits + extraBits));
  }
}

function writeTokens(): void {
  fillLengthCodes();
  // Locals, since each global would be a memory access.
  let target = output;
  let buffer = bits;
  let count = bitCount;
  const end = TOKENS + (tokens << 2);
  for (let at = TOKENS; at < end; at += 4) {
    const token = load<u32>(at);
    if (token & MATCH) {
      const length = load<u32>(((token >> 16) & 511) << 2, LENGTH_CODES);
      buffer |= (<u64>(length >> LENGTH_CODE_BITS)) << count;
      count += length & LENGTH_CODE_MASK;
      const offset = (token & 0xffff) - 1;
      const slot = distanceSymbol(offset + 1);
      const distanceCode = entry(DISTANCE_CODES, slot);
      buffer |= (<u64>(distanceCode >> LENGTH_BITS)) << count;
      count += distanceCode & LENGTH_MASK;
      const distanceExtra = distanceExtraBits(slot);
      buffer |= (<u64>(offset & ((1 << distanceExtra) - 1))) << count;
      count += distanceExtra;
    } else {
      const code = entry(LITLEN_CODES, token);
      buffer |= (<u64>(code >> LENGTH_BITS)) << count;
      count += code & LENGTH_MASK;
    }
    // At most 7 bits were left over and 48 came: they fit.
    store<u64>(target, buffer);
    target += count >> 3;
    buffer >>= count & ~7;
    count &= 7;
  }
  output = target;
  bits = buffer;
  bitCount = count;
  const code = entry(LITLEN_CODES, END_OF_BLOCK);
  putBits(code >> LENGTH_BITS, code & LENGTH_MASK);
}

/** Sends the lowest `count` bits, at most 48. */
function putBits(value: u64, count: u32): void {
  bits |= value << bitCount;
  bitCount += count;
  store<u64>(output, bits);
  output += bitCount >> 3;
  bits >>= bitCount & ~7;
  bitCount &= 7;
}

function align(): void {
  putBits(0, (8 - bitCount) & 7);
}
