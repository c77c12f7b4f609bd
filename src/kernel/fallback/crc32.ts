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

const ZEROS = new Uint8Array(64 * 1024);

/**
 * The CRC-32 of two parts. A CRC is affine in the bits of its message, so that of
 * first‖second is the sum of those of first‖zeros, of zeros, and of second.
 */
export function combineCrc32(first: number, second: number, length: number): number {
  let both = first;
  let zeros = 0;
  for (let left = length; left > 0; left -= ZEROS.length) {
    const part = ZEROS.subarray(0, left);
    both = crc32(part, both);
    zeros = crc32(part, zeros);
  }
  return (both ^ zeros ^ second) >>> 0;
}
