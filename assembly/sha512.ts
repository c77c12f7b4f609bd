/**
 * SHA-512 (FIPS 180-4 §6.4), streaming, with a state that can be taken out and
 * put back at any byte.
 *
 * Algorithm: as sha256-scalar.ts, in words of 64 bits and eighty rounds, which
 * WebAssembly has operations for; the schedule's later words are computed in the
 * rounds that need them. Its vectors hold two words only and rotate none, so they
 * would not gain what they do for SHA-256.
 *
 * ABI: as sha256.ts, with a hash of 64 bytes and a state of 208: eight words of
 * 64 bits, the byte count in another two (the second is always zero: no message
 * reaches 2^64 bytes), the unfinished block.
 */

export const INPUT_SIZE: u32 = 64 * 1024;
export const INPUT: usize = memory.data(65536, 16);
export const DIGEST: usize = memory.data(64, 16);
export const STATE_SIZE: u32 = 208;
export const STATE: usize = memory.data(208, 16);
const COUNT: usize = STATE + 64;
const PENDING: usize = STATE + 80;

const BLOCK: usize = 128;
/** Where the length stands in the last block. */
const LENGTH_AT: usize = 112;
const SCHEDULE: usize = memory.data(640, 16);

// FIPS 180-4 §4.2.3
const ROUND_CONSTANTS: usize = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
  0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
  0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
  0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
  0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
  0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
  0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
  0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
  0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
  0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
  0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
  0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
  0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
]);

// FIPS 180-4 §5.3.5
const INITIAL_HASH: usize = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1, 0x510e527fade682d1,
  0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
]);

export function init(): void {
  memory.copy(STATE, INITIAL_HASH, 64);
  memory.fill(COUNT, 0, 16);
}

/** Hashes `length` bytes at `INPUT`. */
export function update(length: u32): void {
  let at = INPUT;
  let left: usize = length;
  const pending = <usize>load<u64>(COUNT) & (BLOCK - 1);
  store<u64>(COUNT, load<u64>(COUNT) + length);
  if (pending > 0) {
    const missing = min(BLOCK - pending, left);
    memory.copy(PENDING + pending, at, missing);
    at += missing;
    left -= missing;
    if (pending + missing < BLOCK) return;
    compress(PENDING, 1);
  }
  const blocks = left >> 7;
  compress(at, blocks);
  memory.copy(PENDING, at + (blocks << 7), left & (BLOCK - 1));
}

export function save(): void {
  const pending = <usize>load<u64>(COUNT) & (BLOCK - 1);
  memory.fill(PENDING + pending, 0, BLOCK - pending);
}

/** Pads (FIPS 180-4 §5.1.2) and writes the hash. */
export function digest(): void {
  const count = load<u64>(COUNT);
  let pending = <usize>count & (BLOCK - 1);
  store<u8>(PENDING + pending, 0x80);
  pending++;
  if (pending > LENGTH_AT) {
    memory.fill(PENDING + pending, 0, BLOCK - pending);
    compress(PENDING, 1);
    pending = 0;
  }
  memory.fill(PENDING + pending, 0, BLOCK - pending);
  store<u64>(PENDING, bswap<u64>(count >> 61), LENGTH_AT);
  store<u64>(PENDING, bswap<u64>(count << 3), LENGTH_AT + 8);
  compress(PENDING, 1);
  for (let word: usize = 0; word < 64; word += 8) {
    store<u64>(DIGEST + word, bswap<u64>(load<u64>(STATE + word)));
  }
}

function compress(start: usize, blocks: usize): void {
  let a = load<u64>(STATE);
  let b = load<u64>(STATE, 8);
  let c = load<u64>(STATE, 16);
  let d = load<u64>(STATE, 24);
  let e = load<u64>(STATE, 32);
  let f = load<u64>(STATE, 40);
  let g = load<u64>(STATE, 48);
  let h = load<u64>(STATE, 56);

  for (let block = start; block < start + blocks * BLOCK; block += BLOCK) {
    for (let t: usize = 0; t < BLOCK; t += 8) {
      store<u64>(SCHEDULE + t, bswap<u64>(load<u64>(block + t)));
    }
    // Maj's carried half (sha256-round.ts), in one of them for even rounds and in the other for odd ones.
    let ab: u64;
    let bc = b ^ c;

    for (let t: usize = 0; t < 128; t += 64) {
      h = first(h + word(t), e, f, g);
      d += h;
      ab = a ^ b;
      h = second(h, a, b, ab, bc);

      g = first(g + word(t + 8), d, e, f);
      c += g;
      bc = h ^ a;
      g = second(g, h, a, bc, ab);

      f = first(f + word(t + 16), c, d, e);
      b += f;
      ab = g ^ h;
      f = second(f, g, h, ab, bc);

      e = first(e + word(t + 24), b, c, d);
      a += e;
      bc = f ^ g;
      e = second(e, f, g, bc, ab);

      d = first(d + word(t + 32), a, b, c);
      h += d;
      ab = e ^ f;
      d = second(d, e, f, ab, bc);

      c = first(c + word(t + 40), h, a, b);
      g += c;
      bc = d ^ e;
      c = second(c, d, e, bc, ab);

      b = first(b + word(t + 48), g, h, a);
      f += b;
      ab = c ^ d;
      b = second(b, c, d, ab, bc);

      a = first(a + word(t + 56), f, g, h);
      e += a;
      bc = b ^ c;
      a = second(a, b, c, bc, ab);
    }

    for (let t: usize = 128; t < 640; t += 64) {
      h = first(h + nextWord(t), e, f, g);
      d += h;
      ab = a ^ b;
      h = second(h, a, b, ab, bc);

      g = first(g + nextWord(t + 8), d, e, f);
      c += g;
      bc = h ^ a;
      g = second(g, h, a, bc, ab);

      f = first(f + nextWord(t + 16), c, d, e);
      b += f;
      ab = g ^ h;
      f = second(f, g, h, ab, bc);

      e = first(e + nextWord(t + 24), b, c, d);
      a += e;
      bc = f ^ g;
      e = second(e, f, g, bc, ab);

      d = first(d + nextWord(t + 32), a, b, c);
      h += d;
      ab = e ^ f;
      d = second(d, e, f, ab, bc);

      c = first(c + nextWord(t + 40), h, a, b);
      g += c;
      bc = d ^ e;
      c = second(c, d, e, bc, ab);

      b = first(b + nextWord(t + 48), g, h, a);
      f += b;
      ab = c ^ d;
      b = second(b, c, d, ab, bc);

      a = first(a + nextWord(t + 56), f, g, h);
      e += a;
      bc = b ^ c;
      a = second(a, b, c, bc, ab);
    }

    a += load<u64>(STATE);
    b += load<u64>(STATE, 8);
    c += load<u64>(STATE, 16);
    d += load<u64>(STATE, 24);
    e += load<u64>(STATE, 32);
    f += load<u64>(STATE, 40);
    g += load<u64>(STATE, 48);
    h += load<u64>(STATE, 56);
    store<u64>(STATE, a);
    store<u64>(STATE, b, 8);
    store<u64>(STATE, c, 16);
    store<u64>(STATE, d, 24);
    store<u64>(STATE, e, 32);
    store<u64>(STATE, f, 40);
    store<u64>(STATE, g, 48);
    store<u64>(STATE, h, 56);
  }
}

/** T1 = h + Kt + Wt + Ch(e, f, g) + Σ1(e), the first three being `sum`. */
function first(sum: u64, e: u64, f: u64, g: u64): u64 {
  return sum + (g ^ (e & (f ^ g))) + (rotr<u64>(e, 14) ^ rotr<u64>(e, 18) ^ rotr<u64>(e, 41));
}

/** T1 + T2, which is T1 + Maj(a, b, c) + Σ0(a). */
function second(t1: u64, a: u64, b: u64, ab: u64, bc: u64): u64 {
  return t1 + (b ^ (ab & bc)) + (rotr<u64>(a, 28) ^ rotr<u64>(a, 34) ^ rotr<u64>(a, 39));
}

/** Kt + Wt; `t` counts the schedule's bytes. */
function word(t: usize): u64 {
  return load<u64>(ROUND_CONSTANTS + t) + load<u64>(SCHEDULE + t);
}

/** The same beyond the block's own sixteen: Wt = σ1(Wt-2) + Wt-7 + σ0(Wt-15) + Wt-16 (§6.4.2). */
function nextWord(t: usize): u64 {
  const at = SCHEDULE - 128 + t;
  const w2 = load<u64>(at, 112);
  const w15 = load<u64>(at, 8);
  const sigma1 = rotr<u64>(w2, 19) ^ rotr<u64>(w2, 61) ^ (w2 >> 6);
  const sigma0 = rotr<u64>(w15, 1) ^ rotr<u64>(w15, 8) ^ (w15 >> 7);
  const sum = sigma1 + load<u64>(at, 72) + sigma0 + load<u64>(at);
  store<u64>(at, sum, 128);
  return sum + load<u64>(ROUND_CONSTANTS + t);
}
