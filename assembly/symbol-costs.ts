/**
 * What each literal, length and distance is expected to cost, for optimal-parser.ts.
 *
 * A code is made for symbols when they are known, and which symbols are wanted
 * depends on what they cost. So costs follow from a count of the symbols that the
 * data before took, and of those a lazy parser would take here: each symbol's
 * share of all, as its logarithm, which is what a code gives it but for rounding,
 * and never less than a bit.
 */

import {
  DISTANCE_SYMBOLS,
  distanceExtraBits,
  FIRST_LENGTH,
  LAST_DISTANCE,
  LITLEN_SYMBOLS,
  lengthExtraBits,
  MAX_MATCH,
  MIN_MATCH,
} from "./deflate-format";
import { distanceSymbol, lengthSymbol } from "./deflate-symbols";
import { increment } from "./encode-table";
import { BIT_SHIFT, literalEntropy, logarithm } from "./entropy";
import { shortestMatch } from "./shortest-match";

const LITLEN_FREQUENCIES: usize = memory.data(1280, 16);
const DISTANCE_FREQUENCIES: usize = LITLEN_FREQUENCIES + 1152;
const FREQUENCIES_SIZE: usize = 1280;

/**
 * What a match too short for its literals costs above its symbols' shares, which follow
 * from what was taken before, be it wise or not.
 */
const TOO_SHORT: u32 = 2 << BIT_SHIFT;

const LITERAL_COSTS: usize = memory.data(1024, 16);
/** By length, extra bits included: the cost above sixteen bits of length and sixteen empty ones. */
const LENGTH_CHOICES: usize = memory.data(2072, 16);
/** The same by symbol, of the longest length that it stands for. */
const SYMBOL_CHOICES: usize = memory.data(232, 16);
/** By symbol, extra bits included. */
const DISTANCE_COSTS: usize = memory.data(128, 16);

export function forgetSymbols(): void {
  memory.fill(LITLEN_FREQUENCIES, 0, FREQUENCIES_SIZE);
}

/** Halves what was counted so far, so that what comes weighs more. */
export function fadeSymbols(): void {
  for (let at: usize = 0; at < FREQUENCIES_SIZE; at += 4) {
    store<u32>(LITLEN_FREQUENCIES + at, load<u32>(LITLEN_FREQUENCIES + at) >> 1);
  }
}

export function countLiteral(byte: u32): void {
  increment(LITLEN_FREQUENCIES, byte);
}

export function countMatch(length: u32, distance: u32): void {
  increment(LITLEN_FREQUENCIES, lengthSymbol(length));
  increment(DISTANCE_FREQUENCIES, distanceSymbol(distance));
}

export function literalCost(byte: u32): u32 {
  return load<u32>((<usize>byte) << 2, LITERAL_COSTS);
}

/** The cost of a length in the upper half, in the lower the length above its distance's bits. */
export function lengthChoice(length: u32): u64 {
  return load<u64>((<usize>length) << 3, LENGTH_CHOICES);
}

/** Where the choice of the longest length with this one's symbol is; the other symbols' lie eight bytes apart. */
export function symbolChoices(length: u32): usize {
  return SYMBOL_CHOICES + ((<usize>(lengthSymbol(length) - FIRST_LENGTH)) << 3);
}

export function distanceCost(distance: u32): u32 {
  return load<u32>((<usize>distanceSymbol(distance)) << 2, DISTANCE_COSTS);
}

/** Sets all costs from what was counted. */
export function setCosts(): void {
  const symbols = logarithm(1 + sum(LITLEN_FREQUENCIES, LITLEN_SYMBOLS));
  for (let byte: u32 = 0; byte < 256; byte++) {
    store<u32>(LITERAL_COSTS + (byte << 2), costOf(LITLEN_FREQUENCIES, byte, symbols));
  }
  const shortest = shortestMatch(literalEntropy(LITLEN_FREQUENCIES));
  for (let length = MIN_MATCH; length <= MAX_MATCH; length++) {
    const symbol = lengthSymbol(length);
    const extra = (lengthExtraBits(symbol) << BIT_SHIFT) + (length < shortest ? TOO_SHORT : 0);
    const cost = costOf(LITLEN_FREQUENCIES, symbol, symbols) + extra;
    const choice = ((<u64>cost) << 32) | (length << 16);
    store<u64>(LENGTH_CHOICES + (length << 3), choice);
    store<u64>(symbolChoices(length), choice);
  }
  const distances = logarithm(1 + sum(DISTANCE_FREQUENCIES, DISTANCE_SYMBOLS));
  for (let symbol: u32 = 0; symbol <= LAST_DISTANCE; symbol++) {
    const extra = distanceExtraBits(symbol) << BIT_SHIFT;
    store<u32>(DISTANCE_COSTS + (symbol << 2), costOf(DISTANCE_FREQUENCIES, symbol, distances) + extra);
  }
}

function sum(frequencies: usize, symbols: u32): u32 {
  let total: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) total += load<u32>(frequencies + (symbol << 2));
  return total;
}

/** From the logarithm of the symbols' number. One that did not occur costs a bit more than one that occurred once. */
function costOf(frequencies: usize, symbol: u32, all: u32): u32 {
  const bit: u32 = 1 << BIT_SHIFT;
  const frequency = load<u32>(frequencies + (symbol << 2));
  if (frequency === 0) return all + bit;
  return <u32>max(<i32>(all - logarithm(frequency)), <i32>bit);
}
