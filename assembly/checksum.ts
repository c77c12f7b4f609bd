/**
 * The CRC-32 as a host asks for it: of a stream, and of two parts put together.
 *
 * Algorithm of the latter: behind a part of n bytes a CRC counts x^(8n) times
 * what it did at the end, modulo the CRC's polynomial; so the first part's is
 * multiplied by that power, which is the product of x^(2^k) for the bits k of 8n.
 * It is how zlib's crc32_combine does it.
 *
 * ABI: write at most `INPUT_SIZE` bytes at `INPUT`, call `update(n, crc)` with
 * the CRC of what came before (0 at first); it returns the CRC so far.
 * `combine(first, second, n)` is the CRC of two parts, the second of n bytes.
 */
import { POLYNOMIAL } from "./crc32";
import { crc32Long } from "./crc32-sparse";

export const INPUT_SIZE: u32 = 64 * 1024;
export const INPUT: usize = memory.data(65536, 16);

/** Polynomials stand reflected: the highest bit is x^0. */
const ONE: u32 = 0x80000000;
const X: u32 = 0x40000000;

/** Folds `length` bytes at `INPUT` into `crc`. */
export function update(length: u32, crc: u32): u32 {
  return crc32Long(INPUT, length, crc);
}

export function combine(first: u32, second: u32, length: f64): u32 {
  let power = ONE;
  let square = X;
  for (let bits = (<u64>length) << 3; bits !== 0; bits >>= 1) {
    if (bits & 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  return multiply(power, first) ^ second;
}

/** a · b modulo the polynomial. */
function multiply(a: u32, b: u32): u32 {
  let product: u32 = 0;
  for (; a !== 0; a <<= 1) {
    if (a & ONE) product ^= b;
    b = (b >> 1) ^ (b & 1 ? POLYNOMIAL : 0);
  }
  return product;
}
