/**
 * Huffman decoding tables for DEFLATE (RFC 1951 §3.2.2): from the code length
 * of each symbol to a table indexed by the next bits of input.
 *
 * A code no longer than the table's index fills every entry that begins with
 * it; longer codes share an entry that points to a subtable. An entry carries
 * all that its symbol needs, so the decoder neither looks the symbol up again
 * nor branches on its extra bits. Packing base, code length and total length
 * in one word, and growing a table by doubling it, follow libdeflate (Eric
 * Biggers, MIT); sizing a subtable by the codes still to come follows zlib's
 * inftrees (Mark Adler).
 *
 * An entry, from its low bits:
 *   0-7    bits the symbol uses in all, its code and its extra bits: what to shift
 *          the input by (a shift takes six bits), and to subtract from the bits at
 *          hand (the low byte of the difference is right)
 *   8-13   bits of its code alone, and PADDING: what to shift by to have the extra
 *          bits; in a pointer, bits that index the subtable
 *   14     POINTER, 15 STOP
 *   16-30  literal byte, length base, distance base, or the subtable's offset
 *   31     LITERAL, where a test of the sign finds it
 *
 * Building takes 1.5 µs for a block's two tables, where filling each code's entries
 * with a stride, and turning codes by carrying from the last bit, took 2.6 (AMD
 * EPYC, the 348 blocks of 9 MB of a gzipped tar): a fortieth of the time there.
 */
import {
  codesOf,
  prepareReversed,
  reversed,
  sortByLength,
  symbolOf,
  unusedCodeSpace,
} from "./canonical-code";
import { copy16 } from "./copy";
import {
  DISTANCE_SYMBOLS,
  distanceExtraBits,
  END_OF_BLOCK,
  FIRST_LENGTH,
  LAST_DISTANCE,
  LAST_LENGTH,
  LITLEN_SYMBOLS,
  lengthExtraBits,
  MAX_CODE_LENGTH,
  MAX_MATCH,
  MIN_MATCH,
  PRECODE_SYMBOLS,
} from "./deflate-format";

export const LITERAL: u32 = 1 << 31;
export const POINTER: u32 = 1 << 14;
/** No symbol of the data: the block's end, or no symbol at all. */
export const STOP: u32 = 1 << 15;
export const END: u32 = STOP;
export const INVALID: u32 = STOP | (1 << 16);

/** How far left of its value the input stands when a table is indexed: so its bits are an entry's offset in bytes. */
export const PADDING: u32 = 2;

/** Index bits: larger tables cost more to fill and to cache than their subtables do (10 and 12 cost up to 1 and 3 %). */
export const LITLEN_BITS: u32 = 11;
export const DISTANCE_BITS: u32 = 8;
export const PRECODE_BITS: u32 = 7;

/**
 * At address 0, which scripts/build-kernels.mjs keeps free: where a load needs no
 * displacement beside base and index it takes 4 cycles and not 5 on AMD's Zen, and
 * every symbol waits for the one before: 3 % on text, 4 % on a tar.
 *
 * With subtables no complete code of these alphabets needs more than 2342 and 402
 * entries (zlib's examples/enough.c: `enough 288 11 15`, `enough 32 8 15`).
 */
export const LITLEN_TABLE: usize = 0;
export const DISTANCE_TABLE: usize = memory.data(1608, 16);
export const PRECODE_TABLE: usize = memory.data(512, 16);

/** Entries of each symbol before its code's length is added. */
const LITLEN_VALUES: usize = memory.data(1152, 16);
const DISTANCE_VALUES: usize = memory.data(128, 16);
const PRECODE_VALUES: usize = memory.data(76, 16);

/** What bits of an entry tell a literal with a code of eight bits. */
export const USUAL_MASK: u32 = LITERAL | 255;
const USUAL: u32 = LITERAL | 8;
/** Of 256 codes of eight bits that there can be, how many are nearly all. */
const NEARLY_ALL: u32 = 224;
/** USUAL where nearly all codes have eight bits, as in a block of data compressed before; otherwise what no entry is. */
export let usualLiteral: u32 = 0;

let ready = false;

/** Builds LITLEN_TABLE; false if the lengths are no code. */
export function buildLitlen(lengths: usize, symbols: u32): bool {
  if (!build(lengths, symbols, LITLEN_TABLE, LITLEN_BITS, LITLEN_VALUES, true)) return false;
  usualLiteral = codesOf(8) >= NEARLY_ALL ? USUAL : LITERAL;
  return true;
}

/** Builds DISTANCE_TABLE; false if the lengths are no code. */
export function buildDistance(lengths: usize, symbols: u32): bool {
  return build(lengths, symbols, DISTANCE_TABLE, DISTANCE_BITS, DISTANCE_VALUES, true);
}

/** Builds PRECODE_TABLE; false if the lengths are no complete code. */
export function buildPrecode(lengths: usize): bool {
  return build(lengths, PRECODE_SYMBOLS, PRECODE_TABLE, PRECODE_BITS, PRECODE_VALUES, false);
}

/**
 * RFC 1951 §3.2.7 allows a distance code of a single one-bit symbol, or of
 * none; like zlib, `lenient` allows the same of literals.
 */
function build(lengths: usize, symbols: u32, table: usize, bits: u32, values: usize, lenient: bool): bool {
  if (!ready) prepare();
  const used = sortByLength(lengths, symbols);
  const unused = unusedCodeSpace();
  if (unused < 0) return false;
  if (unused === 0) {
    fillSubtables(fillMain(table, bits, values), used, lengths, table, bits, values);
    return true;
  }
  if (!lenient || used !== codesOf(1)) return false;
  fill(table, 0, 1, 1 << bits, INVALID | 1);
  if (used === 1) fill(table, 0, 2, 1 << bits, entryOf(values, symbolOf(0), 1));
  return true;
}

/** Enters the codes of up to `bits` bits of a complete code; returns how many they are. */
function fillMain(table: usize, bits: u32, values: usize): u32 {
  let length: u32 = 1;
  while (length < bits && codesOf(length) === 0) length++;
  let code: u32 = 0;
  let index: u32 = 0;
  // With codes of n bits the table has 2^n entries, and is doubled before those of n + 1.
  for (; length <= bits; length++) {
    for (const end = index + codesOf(length); index < end; index++) {
      store<u32>(table + (reversed(code, length) << 2), entryOf(values, symbolOf(index), length));
      code++;
    }
    code <<= 1;
    if (length < bits) double(table, 1 << length);
  }
  return index;
}

/** Enters the longer codes, from the `index`-th on. */
function fillSubtables(from: u32, used: u32, lengths: usize, table: usize, bits: u32, values: usize): void {
  let index = from;
  let code = codeBehindMain(bits);
  let length = bits;
  let next: u32 = 1 << bits; // where the next subtable goes
  let prefix: u32 = -1; // the main entry whose subtable is being filled
  let subtable: u32 = 0;
  let subtableBits: u32 = 0;
  let left: u32 = 0; // codes of this length still to come
  for (; index < used; index++) {
    const symbol = symbolOf(index);
    const own = <u32>load<u8>(lengths + symbol);
    if (own !== length) {
      code <<= own - length;
      length = own;
      left = codesOf(length);
    }
    const place = reversed(code, length);
    if ((place & ((1 << bits) - 1)) !== prefix) {
      prefix = place & ((1 << bits) - 1);
      subtable = next;
      subtableBits = subtableSize(length, left, bits);
      next += 1 << subtableBits;
      store<u32>(table + (prefix << 2), (subtable << 18) | POINTER | (subtableBits << 8) | bits);
    }
    const rest = length - bits;
    fill(table + (subtable << 2), place >> bits, 1 << rest, 1 << subtableBits, entryOf(values, symbol, rest));
    code++;
    left--;
  }
}

/** The code that follows those of up to `bits` bits. */
function codeBehindMain(bits: u32): u32 {
  let code: u32 = 0;
  for (let length: u32 = 1; length <= bits; length++) code = (code << 1) + codesOf(length);
  return code;
}

/** Index bits of the subtable that begins with a code of `length`, `left` such still to come: enough for the codes that complete it. */
function subtableSize(length: u32, left: u32, bits: u32): u32 {
  let size = length - bits;
  let space: i32 = 1 << size;
  let codes = left;
  while (bits + size < MAX_CODE_LENGTH) {
    space -= <i32>codes;
    if (space <= 0) break;
    size++;
    space <<= 1;
    codes = codesOf(bits + size);
  }
  return size;
}

/** A symbol's entry; `length` is what of its code is left where the table is indexed. */
function entryOf(values: usize, symbol: u32, length: u32): u32 {
  return load<u32>(values + (symbol << 2)) + length * 0x101 + (PADDING << 8);
}

/** Repeats the table's first `size` entries behind them. */
function double(table: usize, size: u32): void {
  const bytes: usize = size << 2;
  const end = table + bytes;
  if (bytes < 16) {
    for (let at: usize = 0; at < bytes; at += 4) store<u32>(end + at, load<u32>(table + at));
  } else {
    for (let at: usize = 0; at < bytes; at += 16) copy16(end + at, table + at);
  }
}

/** Sets every `step`-th entry from `from` to the table's `end`. */
function fill(table: usize, from: u32, step: u32, end: u32, entry: u32): void {
  for (let index = from; index < end; index += step) store<u32>(table + (index << 2), entry);
}

function prepare(): void {
  prepareReversed();
  for (let literal: u32 = 0; literal < END_OF_BLOCK; literal++) {
    store<u32>(LITLEN_VALUES + (literal << 2), (literal << 16) | LITERAL);
  }
  store<u32>(LITLEN_VALUES + (END_OF_BLOCK << 2), END);
  let base = MIN_MATCH;
  for (let symbol = FIRST_LENGTH; symbol < LITLEN_SYMBOLS; symbol++) {
    const extra = lengthExtraBits(symbol);
    if (symbol === LAST_LENGTH) base = MAX_MATCH;
    store<u32>(LITLEN_VALUES + (symbol << 2), symbol > LAST_LENGTH ? INVALID : (base << 16) | extra);
    base += 1 << extra;
  }
  base = 1;
  for (let symbol: u32 = 0; symbol < DISTANCE_SYMBOLS; symbol++) {
    const extra = distanceExtraBits(symbol);
    store<u32>(DISTANCE_VALUES + (symbol << 2), symbol > LAST_DISTANCE ? INVALID : (base << 16) | extra);
    base += 1 << extra;
  }
  for (let symbol: u32 = 0; symbol < PRECODE_SYMBOLS; symbol++) {
    store<u32>(PRECODE_VALUES + (symbol << 2), symbol << 16);
  }
  ready = true;
}
