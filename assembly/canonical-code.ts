/**
 * The canonical Huffman code that code lengths stand for (RFC 1951 §3.2.2): codes
 * are given out in the order of their length, then of their symbol, each one more
 * than the last.
 *
 * Algorithm: a counting sort, two passes over the lengths. Counts are kept twice,
 * for even and odd symbols, since equal lengths follow each other and one count
 * would wait for its own last store. Symbols without a code are sorted too, to the
 * front, for that costs less than to ask.
 */
import { LITLEN_SYMBOLS, MAX_CODE_LENGTH } from "./deflate-format";

/** How many symbols have a code of each length; those of odd symbols stand behind until they are added. */
const COUNTS: usize = memory.data(128, 16);
const ODD_COUNTS: usize = COUNTS + 64;
/** Where the symbols of each length begin in SORTED. */
const OFFSETS: usize = memory.data(64, 16);
/** Symbols, two bytes each, in the order of the code; those without one first. */
const SORTED: usize = memory.data(<i32>(LITLEN_SYMBOLS * 2), 16);
/** The bits of a byte the other way round. */
const REVERSED: usize = memory.data(256, 16);

/** Sorts the symbols by their `lengths`, one byte each; returns how many have a code. */
export function sortByLength(lengths: usize, symbols: u32): u32 {
  memory.fill(COUNTS, 0, 128);
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const slot = COUNTS + ((symbol & 1) << 6) + ((<usize>load<u8>(lengths + symbol)) << 2);
    store<u32>(slot, load<u32>(slot) + 1);
  }
  let before: u32 = 0;
  for (let length: u32 = 0; length <= MAX_CODE_LENGTH; length++) {
    const both = codesOf(length) + load<u32>(ODD_COUNTS + (length << 2));
    store<u32>(COUNTS + (length << 2), both);
    store<u32>(OFFSETS + (length << 2), before);
    before += both;
  }
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const slot = OFFSETS + ((<usize>load<u8>(lengths + symbol)) << 2);
    const at = load<u32>(slot);
    store<u32>(slot, at + 1);
    store<u16>(SORTED + (at << 1), <u16>symbol);
  }
  return symbols - codesOf(0);
}

/** How many symbols have a code of `length` bits; of length 0, none. */
export function codesOf(length: u32): u32 {
  return load<u32>(COUNTS + (length << 2));
}

/** The `index`-th symbol that has a code. */
export function symbolOf(index: u32): u32 {
  return load<u16>(SORTED + ((codesOf(0) + index) << 1));
}

/** What Kraft's sum leaves: 0 for a complete code, negative where there are more codes than bits can tell apart. */
export function unusedCodeSpace(): i32 {
  let left: i32 = 1;
  for (let length: u32 = 1; length <= MAX_CODE_LENGTH; length++) {
    left = (left << 1) - <i32>codesOf(length);
    if (left < 0) return left;
  }
  return left;
}

/** A code as it stands in the input, where its first bit is the lowest. */
export function reversed(code: u32, length: u32): u32 {
  const both = ((<u32>load<u8>(REVERSED + (code & 255))) << 8) | load<u8>(REVERSED + (code >> 8));
  return both >> (16 - length);
}

/** Fills what `reversed` reads; once. */
export function prepareReversed(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    // Its half is a byte that was turned before.
    const half = <u32>load<u8>(REVERSED + (byte >> 1));
    store<u8>(REVERSED + byte, (half >> 1) | ((byte & 1) << 7));
  }
}
