/**
 * CRC-32 of long runs of bytes, six times as fast as tables: no look-up and no
 * carry-less multiplication, which WebAssembly lacks, only XOR of vectors.
 *
 * Algorithm: the CRC is the remainder of the message, as a polynomial, by P. The
 * polynomial x^300 + x^155 + x^117 + x^89 + 1 is a multiple of P, so a bit may be
 * removed if those 145, 183, 211 and 300 places after it are flipped: the
 * remainder stays. Squaring a polynomial over GF(2) doubles its exponents and
 * keeps it a multiple; squared five times, the places are words of 32 bits. So
 * words are removed by XOR into four later ones, without a shift, and four at a
 * time as a vector, for the nearest of those places is 36 vectors away. That is
 * done to all but the last 300 words, and what is left of those goes through the
 * tables. Elimination by a sparse multiple, and this one, are Kadatch and
 * Russell's "Chorba" (2024); that squared to whole bytes it needs no shifts is
 * what makes it fit here.
 *
 * In gather form, by words: folded[i] = message[i] ^ folded[i - 145] ^
 * folded[i - 183] ^ folded[i - 211] ^ folded[i - 300], five loads and a store. A
 * ring of a 16 KiB segment and the 300 words before it stays in the first-level
 * cache.
 *
 * How often to square (64 KiB, then 30 kB at a time, AMD EPYC): seven times, so
 * that the loads are aligned vectors, 10.7 and 7.4 GB/s, since then 4800 bytes
 * are left for the tables; six times 13.4 and 10.3; five 15.2 and 12.9; four 16.1
 * and 14.4, but then a load comes so soon after the two stores it overlaps that a
 * processor may have to wait for them. Segments of 4 to 32 KiB make no difference.
 */
import { crc32 } from "./crc32";

const VECTOR: usize = 16;
const WORD: usize = 4;
const REACH: usize = 300 * WORD;
const FIRST: usize = 145 * WORD;
const SECOND: usize = 183 * WORD;
const THIRD: usize = 211 * WORD;

const SEGMENT: usize = 1024 * VECTOR;
/** The last REACH bytes folded, then a segment. */
const FOLDED: usize = memory.data(17584, 16);
const NEXT: usize = FOLDED + REACH;

/** Below this the last 300 words are too great a part. */
const LEAST: usize = 3 * REACH;

/** The CRC of `length` bytes at `start`, continuing from `crc`. */
export function crc32Long(start: usize, length: usize, crc: u32): u32 {
  if (!ASC_FEATURE_SIMD) return crc32(start, length, crc);
  if (length < LEAST) return crc32(start, length, crc);
  memory.fill(FOLDED, 0, REACH);
  // Only the first word looks this far back: so the CRC so far is XORed into it.
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
  return crc32(from, start + length - from, crc32(FOLDED, REACH, ~0));
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

/**
 * What the words removed leave of the last 300, which are not removed themselves;
 * in their place at FOLDED, where no later one is looked up.
 */
function foldLast(from: usize): void {
  // A vector may reach beyond the words removed; there is nothing to add.
  v128.store(NEXT, i32x4.splat(0));
  for (let i: usize = 0; i < REACH; i += VECTOR) {
    let rest = v128.xor(v128.load(from + i), v128.load(FOLDED + i));
    if (i < THIRD) rest = v128.xor(rest, v128.load(NEXT + i - THIRD));
    if (i < SECOND) rest = v128.xor(rest, v128.load(NEXT + i - SECOND));
    if (i < FIRST) rest = v128.xor(rest, v128.load(NEXT + i - FIRST));
    v128.store(FOLDED + i, rest);
  }
}
