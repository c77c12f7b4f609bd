/**
 * SHA-256's compression function for engines without vectors.
 *
 * Algorithm: sixty-four rounds run eight to a loop turn: after eight rounds each
 * working variable is back in its own name, so none is ever moved. From the
 * seventeenth on each round computes the word of the message schedule it needs.
 */
import { ROUND_CONSTANTS } from "./sha256-constants";
import { first, second } from "./sha256-round";

const SCHEDULE: usize = memory.data(256, 16);

/** Folds `blocks` 64-byte blocks at `start` into the eight words at `state`. */
export function compressScalar(state: usize, start: usize, blocks: usize): void {
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  let f = load<u32>(state, 20);
  let g = load<u32>(state, 24);
  let h = load<u32>(state, 28);

  for (let block = start; block < start + (blocks << 6); block += 64) {
    for (let t: usize = 0; t < 64; t += 4) {
      store<u32>(SCHEDULE + t, bswap<u32>(load<u32>(block + t)));
    }
    // Maj's carried half, in one of them for even rounds and in the other for odd ones.
    let ab: u32;
    let bc = b ^ c;

    for (let t: usize = 0; t < 64; t += 32) {
      h = first(h + word(t), e, f, g);
      d += h;
      ab = a ^ b;
      h = second(h, a, b, ab, bc);

      g = first(g + word(t + 4), d, e, f);
      c += g;
      bc = h ^ a;
      g = second(g, h, a, bc, ab);

      f = first(f + word(t + 8), c, d, e);
      b += f;
      ab = g ^ h;
      f = second(f, g, h, ab, bc);

      e = first(e + word(t + 12), b, c, d);
      a += e;
      bc = f ^ g;
      e = second(e, f, g, bc, ab);

      d = first(d + word(t + 16), a, b, c);
      h += d;
      ab = e ^ f;
      d = second(d, e, f, ab, bc);

      c = first(c + word(t + 20), h, a, b);
      g += c;
      bc = d ^ e;
      c = second(c, d, e, bc, ab);

      b = first(b + word(t + 24), g, h, a);
      f += b;
      ab = c ^ d;
      b = second(b, c, d, ab, bc);

      a = first(a + word(t + 28), f, g, h);
      e += a;
      bc = b ^ c;
      a = second(a, b, c, bc, ab);
    }

    for (let t: usize = 64; t < 256; t += 32) {
      h = first(h + nextWord(t), e, f, g);
      d += h;
      ab = a ^ b;
      h = second(h, a, b, ab, bc);

      g = first(g + nextWord(t + 4), d, e, f);
      c += g;
      bc = h ^ a;
      g = second(g, h, a, bc, ab);

      f = first(f + nextWord(t + 8), c, d, e);
      b += f;
      ab = g ^ h;
      f = second(f, g, h, ab, bc);

      e = first(e + nextWord(t + 12), b, c, d);
      a += e;
      bc = f ^ g;
      e = second(e, f, g, bc, ab);

      d = first(d + nextWord(t + 16), a, b, c);
      h += d;
      ab = e ^ f;
      d = second(d, e, f, ab, bc);

      c = first(c + nextWord(t + 20), h, a, b);
      g += c;
      bc = d ^ e;
      c = second(c, d, e, bc, ab);

      b = first(b + nextWord(t + 24), g, h, a);
      f += b;
      ab = c ^ d;
      b = second(b, c, d, ab, bc);

      a = first(a + nextWord(t + 28), f, g, h);
      e += a;
      bc = b ^ c;
      a = second(a, b, c, bc, ab);
    }

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

/** Kt + Wt; `t` counts the schedule's bytes. */
function word(t: usize): u32 {
  return load<u32>(ROUND_CONSTANTS + t) + load<u32>(SCHEDULE + t);
}

/** The same beyond the block's own sixteen: Wt = σ1(Wt-2) + Wt-7 + σ0(Wt-15) + Wt-16 (§6.2.2). */
function nextWord(t: usize): u32 {
  const at = SCHEDULE - 64 + t;
  const w2 = load<u32>(at, 56);
  const w15 = load<u32>(at, 4);
  const sigma1 = rotr<u32>(w2, 17) ^ rotr<u32>(w2, 19) ^ (w2 >> 10);
  const sigma0 = rotr<u32>(w15, 7) ^ rotr<u32>(w15, 18) ^ (w15 >> 3);
  const sum = sigma1 + load<u32>(at, 36) + sigma0 + load<u32>(at);
  store<u32>(at, sum, 64);
  return sum + load<u32>(ROUND_CONSTANTS + t);
}
