/**
 * Writes bits, the first in a byte's lowest (RFC 1951 §3.1.1).
 *
 * The bits not written yet are kept in a buffer that is stored whole, eight bytes at
 * a time, and advanced by its full bytes, which takes no branch: so up to seven bytes
 * behind the output are scribbled on.
 */

/** Where the next full byte goes; the bits that come before it, and how many, at most seven. */
export let output: usize = 0;
export let bits: u64 = 0;
export let bitCount: u32 = 0;

/** Output goes to `target`, at a byte's boundary. */
export function writeTo(target: usize): void {
  resumeAt(target, 0, 0);
}

/** Goes on where a loop that kept the three in locals has come to. */
export function resumeAt(target: usize, buffer: u64, count: u32): void {
  output = target;
  bits = buffer;
  bitCount = count;
}

/** Sends the lowest `count` bits, at most 48. */
export function putBits(value: u64, count: u32): void {
  bits |= value << bitCount;
  bitCount += count;
  store<u64>(output, bits);
  output += bitCount >> 3;
  bits >>= bitCount & ~7;
  bitCount &= 7;
}

/** Sends whole bytes; must be at a byte's boundary. */
export function putBytes(from: usize, length: u32): void {
  memory.copy(output, from, length);
  output += length;
}

/** Fills the last byte with zeros. */
export function align(): void {
  putBits(0, (8 - bitCount) & 7);
}

/** Fills the last byte with zeros; returns where the output ends. */
export function finish(): usize {
  align();
  return output;
}
