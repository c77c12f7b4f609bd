/**
 * CRC-32 (RFC 1952 §8): polynomial 0xEDB88320, reflected, complemented before
 * and after.
 *
 * Algorithm: slicing by 16. A table for each of sixteen byte positions tells
 * what a byte contributes to the CRC once the fifteen, fourteen, … bytes after
 * it have passed, so sixteen bytes are folded with independent look-ups instead
 * of sixteen dependent ones. The idea is Kounavis and Berry's (Intel, 2005,
 * "slicing-by-8"); sixteen tables are still inside the first-level cache.
 */

export const POLYNOMIAL: u32 = 0xedb88320;
const SLICES: usize = 16;
/** Bytes of one position's table: 256 words. */
const SLICE: usize = 1024;
const TABLES: usize = memory.data(16384, 16);

let ready = false;

/** The CRC of `length` bytes at `start`, continuing from `crc`. */
export function crc32(start: usize, length: usize, crc: u32): u32 {
  prepare();
  let state = ~crc;
  let at = start;
  const end = start + length;
  for (; at + 16 <= end; at += 16) {
    const a = load<u32>(at) ^ state;
    const b = load<u32>(at, 4);
    const c = load<u32>(at, 8);
    const d = load<u32>(at, 12);
    state =
      contribution(15, a & 255) ^
      contribution(14, (a >> 8) & 255) ^
      contribution(13, (a >> 16) & 255) ^
      contribution(12, a >> 24) ^
      contribution(11, b & 255) ^
      contribution(10, (b >> 8) & 255) ^
      contribution(9, (b >> 16) & 255) ^
      contribution(8, b >> 24) ^
      contribution(7, c & 255) ^
      contribution(6, (c >> 8) & 255) ^
      contribution(5, (c >> 16) & 255) ^
      contribution(4, c >> 24) ^
      contribution(3, d & 255) ^
      contribution(2, (d >> 8) & 255) ^
      contribution(1, (d >> 16) & 255) ^
      contribution(0, d >> 24);
  }
  for (; at < end; at++) state = step(state, load<u8>(at));
  return ~state;
}

/** What `byte` adds to the CRC when `following` more bytes come after it. */
function contribution(following: usize, byte: u32): u32 {
  return load<u32>(TABLES + following * SLICE + ((<usize>byte) << 2));
}

/** One byte into a CRC as it stands between the complements. */
export function step(state: u32, byte: u32): u32 {
  return contribution(0, (state ^ byte) & 255) ^ (state >> 8);
}

/** Builds the tables, once; `step` needs them. */
export function prepare(): void {
  if (ready) return;
  for (let byte: u32 = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) {
      remainder = remainder & 1 ? (remainder >> 1) ^ POLYNOMIAL : remainder >> 1;
    }
    store<u32>(TABLES + ((<usize>byte) << 2), remainder);
  }
  // A further byte of distance is a further zero byte through the first table.
  for (let slice: usize = 1; slice < SLICES; slice++) {
    for (let byte: u32 = 0; byte < 256; byte++) {
      const nearer = contribution(slice - 1, byte);
      store<u32>(TABLES + slice * SLICE + ((<usize>byte) << 2), step(nearer, 0));
    }
  }
  ready = true;
}
