/**
 * Huffman codes for DEFLATE's writer: from how often each symbol occurs to the
 * lengths of their codes, none above a limit, and from lengths to the canonical
 * codes of RFC 1951 §3.2.2.
 *
 * Algorithm: symbols are sorted by frequency, then number, so that the result
 * depends on nothing else. The tree is merged from two queues, leaves and inner
 * nodes, each in order by itself (van Leeuwen, 1976). Then it is walked from its
 * root: each inner node turns a code of its depth into two of the next; at the
 * limit the nearest shorter code is split instead, which keeps Kraft's sum exact
 * (libdeflate's way, Eric Biggers, MIT). Only the number of codes of each length
 * comes of it; the rarest symbols are given the longest.
 */
import { MAX_CODE_LENGTH } from "./deflate-format";

/** An entry of a table of codes: the code, bit-reversed as it is sent, above this many bits of its length. */
export const LENGTH_BITS: u32 = 4;
export const LENGTH_MASK: u32 = 15;

/** Symbols that occur, in ascending order: frequency above nine bits of symbol. */
const SORTED: usize = memory.data(1152, 16);
const SYMBOL_BITS: u32 = 9;
const SYMBOL_MASK: u32 = 511;

/** Each inner node's frequency until it is merged, then its parent, then its depth. */
const NODES: usize = memory.data(1152, 16);
/** How many codes have each length; then the next code of each. */
const COUNTS: usize = memory.data(64, 16);

/** Sets the length, one byte, of each symbol's code from its frequency, one word; 0 where it does not occur. */
export function buildLengths(frequencies: usize, symbols: u32, limit: u32, lengths: usize): void {
  memory.fill(lengths, 0, symbols);
  const used = sortByFrequency(frequencies, symbols);
  if (used < 2) {
    // A code of one symbol is incomplete, and not every decoder takes it: a second symbol completes it.
    const only = used === 0 ? 0 : load<u32>(SORTED) & SYMBOL_MASK;
    store<u8>(lengths + only, 1);
    store<u8>(lengths + (only === 0 ? 1 : 0), 1);
    return;
  }
  mergeTree(used);
  countLengths(used, limit);
  let next = SORTED;
  for (let length = limit; length > 0; length--) {
    for (let i = entry(COUNTS, length); i > 0; i--) {
      store<u8>(lengths + (load<u32>(next) & SYMBOL_MASK), length);
      next += 4;
    }
  }
}

/** Sets each symbol's entry, one word, from its code's length, one byte. */
export function buildCodes(lengths: usize, symbols: u32, codes: usize): void {
  memory.fill(COUNTS, 0, 64);
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const length = <u32>load<u8>(lengths + symbol);
    setEntry(COUNTS, length, entry(COUNTS, length) + 1);
  }
  setEntry(COUNTS, 0, 0);
  let code: u32 = 0;
  for (let length: u32 = 1; length <= MAX_CODE_LENGTH; length++) {
    const count = entry(COUNTS, length);
    setEntry(COUNTS, length, code);
    code = (code + count) << 1;
  }
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const length = <u32>load<u8>(lengths + symbol);
    if (length === 0) continue;
    const next = entry(COUNTS, length);
    setEntry(COUNTS, length, next + 1);
    setEntry(codes, symbol, (reversed(next, length) << LENGTH_BITS) | length);
  }
}

export function entry(table: usize, index: u32): u32 {
  return load<u32>(table + (index << 2));
}

export function increment(table: usize, index: u32): void {
  setEntry(table, index, entry(table, index) + 1);
}

function setEntry(table: usize, index: u32, value: u32): void {
  store<u32>(table + (index << 2), value);
}

/** Fills SORTED by a Shell sort; returns how many symbols occur. */
function sortByFrequency(frequencies: usize, symbols: u32): u32 {
  let used: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const frequency = entry(frequencies, symbol);
    if (frequency > 0) setEntry(SORTED, used++, (frequency << SYMBOL_BITS) | symbol);
  }
  for (let gap: u32 = 121; gap > 0; gap /= 3) {
    for (let i = gap; i < used; i++) {
      const key = entry(SORTED, i);
      let hole = i;
      for (; hole >= gap && entry(SORTED, hole - gap) > key; hole -= gap) {
        setEntry(SORTED, hole, entry(SORTED, hole - gap));
      }
      setEntry(SORTED, hole, key);
    }
  }
  return used;
}

/** Merges the two rarest nodes until one is left; NODES then holds each inner node's parent, the root last. */
function mergeTree(leaves: u32): void {
  let leaf: u32 = 0;
  let inner: u32 = 0;
  for (let node: u32 = 0; node < leaves - 1; node++) {
    let frequency: u32 = 0;
    for (let child = 0; child < 2; child++) {
      const leafFrequency = leaf < leaves ? entry(SORTED, leaf) >> SYMBOL_BITS : u32.MAX_VALUE;
      const innerFrequency = inner < node ? entry(NODES, inner) : u32.MAX_VALUE;
      // Of equals the leaf: it makes the tree shallower.
      if (leafFrequency <= innerFrequency) {
        frequency += leafFrequency;
        leaf++;
      } else {
        frequency += innerFrequency;
        setEntry(NODES, inner++, node);
      }
    }
    setEntry(NODES, node, frequency);
  }
}

/** Fills COUNTS from the tree. Depths never fall on the way from the root, so the limit is met last. */
function countLengths(leaves: u32, limit: u32): void {
  memory.fill(COUNTS, 0, 64);
  const root: i32 = leaves - 2;
  setEntry(NODES, root, 0);
  setEntry(COUNTS, 1, 2);
  for (let node = root - 1; node >= 0; node--) {
    const depth = entry(NODES, entry(NODES, node)) + 1;
    setEntry(NODES, node, depth);
    let split = depth;
    if (depth >= limit) {
      split = limit - 1;
      while (entry(COUNTS, split) === 0) split--;
    }
    setEntry(COUNTS, split, entry(COUNTS, split) - 1);
    setEntry(COUNTS, split + 1, entry(COUNTS, split + 1) + 2);
  }
}

/** The lowest `length` bits in the opposite order. */
function reversed(code: u32, length: u32): u32 {
  let bits = ((code & 0x5555) << 1) | ((code >> 1) & 0x5555);
  bits = ((bits & 0x3333) << 2) | ((bits >> 2) & 0x3333);
  bits = ((bits & 0x0f0f) << 4) | ((bits >> 4) & 0x0f0f);
  bits = ((bits & 0x00ff) << 8) | (bits >> 8);
  return bits >> (16 - length);
}

/** The bits that symbols of these frequencies take in a code of these lengths. */
export function weigh(frequencies: usize, symbols: u32, lengths: usize): u32 {
  let sum: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    sum += entry(frequencies, symbol) * <u32>load<u8>(lengths + symbol);
  }
  return sum;
}
