/**
 * Huffman decoding tables for DEFLATE (RFC 1951 §3.2.2): from the code length
 * of each symbol to a table indexed by the next bits of input.
 *
 * A code no longer than the table's index fills every entry that begins with
 * it; longer codes share an entry that points to a subtable. An entry carries
 * all that its symbol needs, so the decoder neither looks the symbol up again
 * nor branches on its extra bits. Packing base, code length and total length
 * in one word follows libdeflate (Eric Biggers, MIT); sizing a subtable by the
 * codes still to come follows zlib's inftrees (Mark Adler).
 *
 * An entry, from its low bits:
 *   0-7    bits the symbol uses in all: its code and its extra bits
 *   8-11   bits of its code alone; in a pointer, bits that index the subtable
 *   12-15  kind, one of the flags below; none for a length or distance
 *   16-31  literal byte, length base, distance base, or the subtable's index
 */
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

export const LITERAL: u32 = 1 << 15;
export const POINTER: u32 = 1 << 14;
export const END: u32 = 1 << 13;
export const INVALID: u32 = 1 << 12;

/** Index bits: larger tables cost more to fill and to cache than their subtables do (10 and 12 measured slower). */
export const LITLEN_BITS: u32 = 11;
export const DISTANCE_BITS: u32 = 8;
export const PRECODE_BITS: u32 = 7;

// With subtables no complete code of these alphabets needs more than 2342 and 402 entries
// (zlib's examples/enough.c: `enough 288 11 15`, `enough 32 8 15`).
export const LITLEN_TABLE: usize = memory.data(9368, 16);
export const DISTANCE_TABLE: usize = memory.data(1608, 16);
export const PRECODE_TABLE: usize = memory.data(512, 16);

/** Entries of each symbol before its code's length is added. */
const LITLEN_VALUES: usize = memory.data(1152, 16);
const DISTANCE_VALUES: usize = memory.data(128, 16);
const PRECODE_VALUES: usize = memory.data(76, 16);

/** How many symbols have a code of each length. */
const COUNTS: usize = memory.data(64, 16);
/** Where the symbols of each length begin in SORTED. */
const OFFSETS: usize = memory.data(64, 16);
/** Symbols that have a code, by length, then by number: the order of the canonical code. */
const SORTED: usize = memory.data(576, 16);

let ready = false;

/** Builds LITLEN_TABLE; false if the lengths are no code. */
export function buildLitlen(lengths: usize, symbols: u32): bool {
  return build(lengths, symbols, LITLEN_TABLE, LITLEN_BITS, LITLEN_VALUES, true);
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
  if (!ready) fillValues();
  const used = sortByLength(lengths, symbols);
  const unused = unusedCodeSpace();
  if (unused < 0) return false;
  if (unused > 0) {
    if (!lenient || used !== count(1)) return false;
    fill(table, 0, 1, 1 << bits, INVALID | 1);
  }
  fillTable(lengths, used, table, bits, values);
  return true;
}

/** Fills COUNTS and SORTED; returns how many symbols have a code. */
function sortByLength(lengths: usize, symbols: u32): u32 {
  memory.fill(COUNTS, 0, 64);
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const slot = COUNTS + ((<usize>load<u8>(lengths + symbol)) << 2);
    store<u32>(slot, load<u32>(slot) + 1);
  }
  store<u32>(COUNTS, 0);
  let used: u32 = 0;
  for (let length: u32 = 1; length <= MAX_CODE_LENGTH; length++) {
    store<u32>(OFFSETS + (length << 2), used);
    used += count(length);
  }
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const length = <u32>load<u8>(lengths + symbol);
    if (length === 0) continue;
    const slot = OFFSETS + (length << 2);
    const at = load<u32>(slot);
    store<u16>(SORTED + (at << 1), <u16>symbol);
    store<u32>(slot, at + 1);
  }
  return used;
}

function count(length: u32): u32 {
  return load<u32>(COUNTS + (length << 2));
}

/** What Kraft's sum leaves: 0 for a complete code, negative where there are more codes than bits can tell apart. */
function unusedCodeSpace(): i32 {
  let left: i32 = 1;
  for (let length: u32 = 1; length <= MAX_CODE_LENGTH; length++) {
    left = (left << 1) - <i32>count(length);
    if (left < 0) return left;
  }
  return left;
}

function fillTable(lengths: usize, used: u32, table: usize, bits: u32, values: usize): void {
  let code: u32 = 0; // bit-reversed, as it stands in the input
  let next: u32 = 1 << bits; // where the next subtable goes
  let prefix: u32 = -1; // the main entry whose subtable is being filled
  let subtable: u32 = 0;
  let subtableBits: u32 = 0;
  for (let i: u32 = 0; i < used; i++) {
    const symbol = <u32>load<u16>(SORTED + (i << 1));
    const length = <u32>load<u8>(lengths + symbol);
    const value = load<u32>(values + (symbol << 2));
    if (length <= bits) {
      fill(table, code, 1 << length, 1 << bits, value + length * 0x101);
    } else {
      if ((code & ((1 << bits) - 1)) !== prefix) {
        prefix = code & ((1 << bits) - 1);
        subtable = next;
        subtableBits = subtableSize(length, bits);
        next += 1 << subtableBits;
        store<u32>(table + (prefix << 2), (subtable << 16) | POINTER | (subtableBits << 8) | bits);
      }
      const rest = length - bits;
      fill(table + (subtable << 2), code >> bits, 1 << rest, 1 << subtableBits, value + rest * 0x101);
    }
    // From here on, COUNTS is what is still to come, which sizes the next subtable.
    store<u32>(COUNTS + (length << 2), count(length) - 1);
    code = successor(code, length);
  }
}

/** Index bits of the subtable that begins with a code of `length`: enough for the codes that complete it. */
function subtableSize(length: u32, bits: u32): u32 {
  let size = length - bits;
  let left: i32 = 1 << size;
  while (bits + size < MAX_CODE_LENGTH) {
    left -= <i32>count(bits + size);
    if (left <= 0) break;
    size++;
    left <<= 1;
  }
  return size;
}

/** Sets every `step`-th entry from `from` to the table's `end`. */
function fill(table: usize, from: u32, step: u32, end: u32, entry: u32): void {
  for (let index = from; index < end; index += step) store<u32>(table + (index << 2), entry);
}

/** The next code of the canonical order: 1 is added at the first bit read, carrying towards the last. */
function successor(code: u32, length: u32): u32 {
  let bit: u32 = 1 << (length - 1);
  while (code & bit) bit >>= 1;
  return bit === 0 ? 0 : (code & (bit - 1)) | bit;
}

function fillValues(): void {
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
