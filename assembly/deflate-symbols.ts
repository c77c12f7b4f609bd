/**
 * Which symbols stand for a match (RFC 1951 §3.2.5): lengths by a table, distances by
 * their highest bits.
 */
import { FIRST_LENGTH, LAST_LENGTH, lengthExtraBits, MAX_MATCH, MIN_MATCH } from "./deflate-format";

/** Each match length's symbol, counted from the first. */
const LENGTH_SYMBOLS: usize = memory.data(259, 16);
let ready: bool = false;

/** Must precede `lengthSymbol`: each symbol stands for as many lengths as its extra bits tell apart. */
export function prepareSymbols(): void {
  if (ready) return;
  ready = true;
  let length = MIN_MATCH;
  for (let symbol = FIRST_LENGTH; symbol < LAST_LENGTH; symbol++) {
    const count: u32 = 1 << lengthExtraBits(symbol);
    memory.fill(LENGTH_SYMBOLS + length, <u8>(symbol - FIRST_LENGTH), count);
    length += count;
  }
  store<u8>(LENGTH_SYMBOLS + MAX_MATCH, <u8>(LAST_LENGTH - FIRST_LENGTH));
}

/** The symbol that stands for a length. */
export function lengthSymbol(length: u32): u32 {
  return FIRST_LENGTH + load<u8>(LENGTH_SYMBOLS + length);
}

/** The symbol that stands for a distance: beyond 4, two symbols share each power of two. */
export function distanceSymbol(distance: u32): u32 {
  const offset = distance - 1;
  if (offset < 4) return offset;
  const power = 31 - clz(offset);
  return 2 * power + ((offset >> (power - 1)) & 1);
}
