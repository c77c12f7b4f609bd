/**
 * Logarithms in whole numbers, for what symbols cost: a symbol that makes up 1/n
 * of a text takes log n bits of it (Shannon, 1948). Costs are in 256ths of a bit;
 * floating point would do, but these are the same on every machine beyond doubt.
 */

/** 256ths of a bit. */
export const BIT_SHIFT: u32 = 8;

/** Logarithms to base 2 of 1 to 2, in 256 steps. */
const LOGARITHMS: usize = memory.data(512, 16);
let ready: bool = false;

/** Must precede `logarithm`. Digit by digit: squaring doubles the logarithm, and whether that reaches 2 is its next bit. */
export function prepareLogarithms(): void {
  if (ready) return;
  ready = true;
  for (let step: u64 = 0; step < 256; step++) {
    let value = (256 + step) << 23;
    let logarithm: u32 = 0;
    for (let digit = 0; digit < 8; digit++) {
      value = (value * value) >> 31;
      const reached = <u32>(value >> 32);
      value >>= reached;
      logarithm = (logarithm << 1) | reached;
    }
    store<u16>(LOGARITHMS + ((<usize>step) << 1), logarithm);
  }
}

/** log n, of n above 0. */
export function logarithm(n: u32): u32 {
  const power = 31 - clz(n);
  const fraction = ((n << clz(n)) >> 23) & 255;
  return (power << BIT_SHIFT) + <u32>load<u16>(LOGARITHMS + (fraction << 1));
}

/** n log n */
export function information(n: u32): u32 {
  return n < 2 ? 0 : n * logarithm(n);
}

/** How few literals tell nothing about the rest. */
const FEW: u32 = 64;

/** What each of 256 symbols, given how often they occur, takes on average; the most there is if there are few. */
export function literalEntropy(frequencies: usize): u32 {
  const count = literalCount(frequencies);
  if (count < FEW) return 8 << BIT_SHIFT;
  let sum: u32 = 0;
  for (let symbol: u32 = 0; symbol < 256; symbol++)
    sum += information(load<u32>(frequencies + (symbol << 2)));
  return (information(count) - sum) / count;
}

/** How many of 256 symbols there are, given how often each occurs. */
export function literalCount(frequencies: usize): u32 {
  let count: u32 = 0;
  for (let symbol: u32 = 0; symbol < 256; symbol++) count += load<u32>(frequencies + (symbol << 2));
  return count;
}
