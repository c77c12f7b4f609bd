/**
 * SHA-256's compression function with the message schedule in vectors.
 *
 * Algorithm: four words of the schedule are computed at a time, their round
 * constants added, and the sums left in memory, where each round picks up its
 * own; the rounds themselves are scalar. Both are woven together, sixteen rounds
 * to a loop turn, so that the processor does the one while it waits for the
 * other. After eight rounds each working variable is back in its own name, so
 * none is ever moved.
 *
 * What bounds it is the rounds: sixteen take as long without the schedule beside
 * them as with it (a quarter of the samples each, AMD Zen 4). A round is 22
 * instructions for four adders, of which only two rotate, 12 copies and loads,
 * and the chain of additions from one `e` to the next, so Σ1 of the newest word is
 * added last: 8 cycles where the adders alone would take 5.5. Measured, against
 * what stands here:
 * a whole unrolled block +1 %, for three times the code; eight rounds to a turn
 * -4 %; a test in the loop for the last turn ±0, and -30 % in an older V8; words
 * taken out of vectors instead of memory -9 %; Maj without its carried half
 * -6 %; rotations nested so that they need fewer copies -9 % of Σ0 alone, -1 % of
 * half of Σ1, -18 % of all; Σ1 added before Ch -5 %, Σ1 and Ch together -3 %, Σ0
 * before Maj ±0; Ch as the specification writes it -9 %; d's and h's sums kept
 * apart to shorten the chain -7 %.
 */

import { ROUND_CONSTANTS } from "./sha256-constants";
import { first, second } from "./sha256-round";

/** Sixteen words of the schedule with their round constants. */
const KEYED: usize = memory.data(64, 16);

/** Folds `blocks` 64-byte blocks at `start` into the eight words at `state`. */
export function compressVector(state: usize, start: usize, blocks: usize): void {
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  let f = load<u32>(state, 20);
  let g = load<u32>(state, 24);
  let h = load<u32>(state, 28);

  for (let block = start; block < start + (blocks << 6); block += 64) {
    let x0 = bigEndian(v128.load(block));
    let x1 = bigEndian(v128.load(block, 16));
    let x2 = bigEndian(v128.load(block, 32));
    let x3 = bigEndian(v128.load(block, 48));
    v128.store(KEYED, i32x4.add(x0, v128.load(ROUND_CONSTANTS)));
    v128.store(KEYED, i32x4.add(x1, v128.load(ROUND_CONSTANTS, 16)), 16);
    v128.store(KEYED, i32x4.add(x2, v128.load(ROUND_CONSTANTS, 32)), 32);
    v128.store(KEYED, i32x4.add(x3, v128.load(ROUND_CONSTANTS, 48)), 48);
    // Maj's carried half, in one of them for even rounds and in the other for odd ones.
    let ab: u32;
    let bc = b ^ c;

    for (let constants = ROUND_CONSTANTS + 64; constants < ROUND_CONSTANTS + 256; constants += 64) {
      x0 = extend(x0, x1, x2, x3);
      h = first(h + load<u32>(KEYED), e, f, g);
      d += h;
      ab = a ^ b;
      h = second(h, a, b, ab, bc);
      g = first(g + load<u32>(KEYED, 4), d, e, f);
      c += g;
      bc = h ^ a;
      g = second(g, h, a, bc, ab);
      f = first(f + load<u32>(KEYED, 8), c, d, e);
      b += f;
      ab = g ^ h;
      f = second(f, g, h, ab, bc);
      e = first(e + load<u32>(KEYED, 12), b, c, d);
      a += e;
      bc = f ^ g;
      e = second(e, f, g, bc, ab);
      v128.store(KEYED, i32x4.add(x0, v128.load(constants)));

      x1 = extend(x1, x2, x3, x0);
      d = first(d + load<u32>(KEYED, 16), a, b, c);
      h += d;
      ab = e ^ f;
      d = second(d, e, f, ab, bc);
      c = first(c + load<u32>(KEYED, 20), h, a, b);
      g += c;
      bc = d ^ e;
      c = second(c, d, e, bc, ab);
      b = first(b + load<u32>(KEYED, 24), g, h, a);
      f += b;
      ab = c ^ d;
      b = second(b, c, d, ab, bc);
      a = first(a + load<u32>(KEYED, 28), f, g, h);
      e += a;
      bc = b ^ c;
      a = second(a, b, c, bc, ab);
      v128.store(KEYED, i32x4.add(x1, v128.load(constants, 16)), 16);

      x2 = extend(x2, x3, x0, x1);
      h = first(h + load<u32>(KEYED, 32), e, f, g);
      d += h;
      ab = a ^ b;
      h = second(h, a, b, ab, bc);
      g = first(g + load<u32>(KEYED, 36), d, e, f);
      c += g;
      bc = h ^ a;
      g = second(g, h, a, bc, ab);
      f = first(f + load<u32>(KEYED, 40), c, d, e);
      b += f;
      ab = g ^ h;
      f = second(f, g, h, ab, bc);
      e = first(e + load<u32>(KEYED, 44), b, c, d);
      a += e;
      bc = f ^ g;
      e = second(e, f, g, bc, ab);
      v128.store(KEYED, i32x4.add(x2, v128.load(constants, 32)), 32);

      x3 = extend(x3, x0, x1, x2);
      d = first(d + load<u32>(KEYED, 48), a, b, c);
      h += d;
      ab = e ^ f;
      d = second(d, e, f, ab, bc);
      c = first(c + load<u32>(KEYED, 52), h, a, b);
      g += c;
      bc = d ^ e;
      c = second(c, d, e, bc, ab);
      b = first(b + load<u32>(KEYED, 56), g, h, a);
      f += b;
      ab = c ^ d;
      b = second(b, c, d, ab, bc);
      a = first(a + load<u32>(KEYED, 60), f, g, h);
      e += a;
      bc = b ^ c;
      a = second(a, b, c, bc, ab);
      v128.store(KEYED, i32x4.add(x3, v128.load(constants, 48)), 48);
    }

    // The last sixteen rounds, whose words the loop has left.
    h = first(h + load<u32>(KEYED), e, f, g);
    d += h;
    ab = a ^ b;
    h = second(h, a, b, ab, bc);
    g = first(g + load<u32>(KEYED, 4), d, e, f);
    c += g;
    bc = h ^ a;
    g = second(g, h, a, bc, ab);
    f = first(f + load<u32>(KEYED, 8), c, d, e);
    b += f;
    ab = g ^ h;
    f = second(f, g, h, ab, bc);
    e = first(e + load<u32>(KEYED, 12), b, c, d);
    a += e;
    bc = f ^ g;
    e = second(e, f, g, bc, ab);

    d = first(d + load<u32>(KEYED, 16), a, b, c);
    h += d;
    ab = e ^ f;
    d = second(d, e, f, ab, bc);
    c = first(c + load<u32>(KEYED, 20), h, a, b);
    g += c;
    bc = d ^ e;
    c = second(c, d, e, bc, ab);
    b = first(b + load<u32>(KEYED, 24), g, h, a);
    f += b;
    ab = c ^ d;
    b = second(b, c, d, ab, bc);
    a = first(a + load<u32>(KEYED, 28), f, g, h);
    e += a;
    bc = b ^ c;
    a = second(a, b, c, bc, ab);

    h = first(h + load<u32>(KEYED, 32), e, f, g);
    d += h;
    ab = a ^ b;
    h = second(h, a, b, ab, bc);
    g = first(g + load<u32>(KEYED, 36), d, e, f);
    c += g;
    bc = h ^ a;
    g = second(g, h, a, bc, ab);
    f = first(f + load<u32>(KEYED, 40), c, d, e);
    b += f;
    ab = g ^ h;
    f = second(f, g, h, ab, bc);
    e = first(e + load<u32>(KEYED, 44), b, c, d);
    a += e;
    bc = f ^ g;
    e = second(e, f, g, bc, ab);

    d = first(d + load<u32>(KEYED, 48), a, b, c);
    h += d;
    ab = e ^ f;
    d = second(d, e, f, ab, bc);
    c = first(c + load<u32>(KEYED, 52), h, a, b);
    g += c;
    bc = d ^ e;
    c = second(c, d, e, bc, ab);
    b = first(b + load<u32>(KEYED, 56), g, h, a);
    f += b;
    ab = c ^ d;
    b = second(b, c, d, ab, bc);
    a = first(a + load<u32>(KEYED, 60), f, g, h);
    e += a;
    bc = b ^ c;
    a = second(a, b, c, bc, ab);

    a += load<u32>(state);
    b += load<u32>(state, 4);
    c += load<u32>(state, 8);
    d += load<u32>(state, 12);
    e += load<u32>(state, 16);
    f += load<u32>(state, 20);
    g += load<u32>(state, 24);
    h += load<u32>(state, 28);
    store<u32>(state, a);
    store<u32>(state, b, 4);
    store<u32>(state, c, 8);
    store<u32>(state, d, 12);
    store<u32>(state, e, 16);
    store<u32>(state, f, 20);
    store<u32>(state, g, 24);
    store<u32>(state, h, 28);
  }
}

/** Four words as the specification reads them: most significant byte first. */
function bigEndian(bytes: v128): v128 {
  // By a swizzle, which V8 makes one instruction of; of a shuffle of bytes within words it makes five.
  return v128.swizzle(bytes, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

/** Four words of the schedule from the sixteen before them: Wt = σ1(Wt-2) + Wt-7 + σ0(Wt-15) + Wt-16 (§6.2.2). */
function extend(x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  const sums = i32x4.add(
    i32x4.add(x0, v128.shuffle<u32>(x2, x3, 1, 2, 3, 4)),
    sigma0(v128.shuffle<u32>(x0, x1, 1, 2, 3, 4)),
  );
  // The third and fourth need σ1 of the first and second.
  const half = i32x4.add(sums, low(sigma1(v128.shuffle<u32>(x3, x3, 2, 2, 3, 3))));
  return i32x4.add(half, high(sigma1(v128.shuffle<u32>(half, half, 0, 0, 1, 1))));
}

/** σ0 of four words. */
function sigma0(x: v128): v128 {
  const by7 = v128.xor(i32x4.shr_u(x, 7), i32x4.shl(x, 25));
  const by18 = v128.xor(i32x4.shr_u(x, 18), i32x4.shl(x, 14));
  return v128.xor(v128.xor(by7, by18), i32x4.shr_u(x, 3));
}

/** σ1 of two words, each standing twice so that shifting the 64 bits rotates it; in words 0 and 2, the others are void. */
function sigma1(x: v128): v128 {
  return v128.xor(v128.xor(i64x2.shr_u(x, 17), i64x2.shr_u(x, 19)), i32x4.shr_u(x, 10));
}

/** Words 0 and 2 as the first two, zeros behind. */
function low(x: v128): v128 {
  return v128.shuffle<u32>(x, i32x4.splat(0), 0, 2, 4, 4);
}

/** Words 0 and 2 as the last two, zeros before. */
function high(x: v128): v128 {
  return v128.shuffle<u32>(x, i32x4.splat(0), 4, 4, 0, 2);
}
