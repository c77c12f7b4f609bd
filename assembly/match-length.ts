/** How far two places in memory agree: what every match finder asks, eight bytes at a time. */

/** How many bytes are equal at both places, of at most `longest`; up to seven bytes behind them are read. */
export function commonLength(earlier: usize, at: usize, longest: u32): u32 {
  let length: u32 = 0;
  do {
    const difference = load<u64>(earlier + length) ^ load<u64>(at + length);
    // The lowest byte is the first: WebAssembly is little-endian.
    if (difference !== 0) return min(length + (<u32>ctz(difference) >> 3), longest);
    length += 8;
  } while (length < longest);
  return longest;
}
