/**
 * DEFLATE's alphabets (RFC 1951 §3.2.5-§3.2.7), for the reader and the writer.
 */

/** Literals 0-255, end of block 256, lengths 257-285; 286 and 287 exist only in the fixed code. */
export const LITLEN_SYMBOLS: u32 = 288;
export const END_OF_BLOCK: u32 = 256;
export const FIRST_LENGTH: u32 = 257;
export const LAST_LENGTH: u32 = 285;

/** 30 and 31 exist only in the fixed code. */
export const DISTANCE_SYMBOLS: u32 = 32;
export const LAST_DISTANCE: u32 = 29;

/** The alphabet in which code lengths are sent. */
export const PRECODE_SYMBOLS: u32 = 19;
export const REPEAT_PREVIOUS: u32 = 16;
export const REPEAT_ZERO: u32 = 17;
export const REPEAT_ZERO_LONG: u32 = 18;
/** The order in which the precode's own lengths are sent, the likely zeros last. */
export const PRECODE_ORDER: usize = memory.data<u8>([
  16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
]);

export const MAX_CODE_LENGTH: u32 = 15;
export const MAX_PRECODE_LENGTH: u32 = 7;

export const BLOCK_STORED: u32 = 0;
export const BLOCK_FIXED: u32 = 1;
export const BLOCK_DYNAMIC: u32 = 2;

export const WINDOW_SIZE: u32 = 32768;
export const MIN_MATCH: u32 = 3;
export const MAX_MATCH: u32 = 258;

/** Extra bits of a length symbol: groups of four symbols share a count, from 265 on. */
export function lengthExtraBits(symbol: u32): u32 {
  const index = symbol - FIRST_LENGTH;
  return index < 8 || symbol === LAST_LENGTH ? 0 : (index >> 2) - 1;
}

/** Extra bits of a distance symbol: pairs share a count, from 4 on. */
export function distanceExtraBits(symbol: u32): u32 {
  return symbol < 4 ? 0 : (symbol >> 1) - 1;
}

/** Writes the fixed code's lengths (RFC 1951 §3.2.6), one byte a symbol. */
export function fixedLengths(litlen: usize, distance: usize): void {
  memory.fill(litlen, 8, 144);
  memory.fill(litlen + 144, 9, 112);
  memory.fill(litlen + 256, 7, 24);
  memory.fill(litlen + 280, 8, 8);
  memory.fill(distance, 5, DISTANCE_SYMBOLS);
}
