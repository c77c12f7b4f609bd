const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  }
  return remainder;
});

/** CRC-32 (RFC 1952 §8), one byte at a time; an unsigned number. */
export function crc32(chunk: Uint8Array, crc = 0): number {
  let state = ~crc;
  for (const byte of chunk) state = (TABLE[(state ^ byte) & 255] as number) ^ (state >>> 8);
  return ~state >>> 0;
}
