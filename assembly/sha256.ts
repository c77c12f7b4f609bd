/**
 * SHA-256 (FIPS 180-4 §6.2), streaming, with a state that can be taken out and
 * put back at any byte.
 *
 * Algorithm: per 64-byte block, the message schedule (§6.2.2 step 1) is written
 * to memory, then sixty-four rounds run eight to a loop turn: after eight rounds
 * each working variable is back in its own name, so none is ever moved. Rounds
 * unrolled further are slower in V8 (measured), and the eight variables stay in
 * locals, since a WebAssembly global is a memory access.
 *
 * ABI: `init()`; write at most `INPUT_SIZE` bytes at `INPUT`, `update(n)`, as
 * often as needed; `digest()` leaves 32 bytes at `DIGEST`, after which `init()`
 * or a loaded state must follow. `STATE` is the whole state, `STATE_SIZE` bytes,
 * little-endian: eight hash words, the byte count (u64), the unfinished block.
 * `save()` zeroes what is stale in that block, so that equal inputs give equal
 * states and no old input leaks; to resume, write a saved state to `STATE`.
 */

export const INPUT_SIZE: u32 = 64 * 1024;
export const INPUT: usize = memory.data(65536, 16);
export const DIGEST: usize = memory.data(32, 16);
export const STATE_SIZE: u32 = 104;
export const STATE: usize = memory.data(104, 16);
const COUNT: usize = STATE + 32;
const PENDING: usize = STATE + 40;

const BLOCK: usize = 64;
const SCHEDULE: usize = memory.data(256, 16);

// FIPS 180-4 §4.2.2
const ROUND_CONSTANTS: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);

// FIPS 180-4 §5.3.3
const INITIAL: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

export function init(): void {
  memory.copy(STATE, INITIAL, 32);
  store<u64>(COUNT, 0);
}

/** Hashes `length` bytes at `INPUT`. */
export function update(length: u32): void {
  let at = INPUT;
  let left: usize = length;
  const pending = <usize>load<u64>(COUNT) & 63;
  store<u64>(COUNT, load<u64>(COUNT) + length);
  if (pending > 0) {
    const missing = min(BLOCK - pending, left);
    memory.copy(PENDING + pending, at, missing);
    at += missing;
    left -= missing;
    if (pending + missing < BLOCK) return;
    compress(PENDING, 1);
  }
  const blocks = left >> 6;
  compress(at, blocks);
  memory.copy(PENDING, at + (blocks << 6), left & 63);
}

export function save(): void {
  const pending = <usize>load<u64>(COUNT) & 63;
  memory.fill(PENDING + pending, 0, BLOCK - pending);
}

/** Pads (FIPS 180-4 §5.1.1) and writes the hash. */
export function digest(): void {
  const count = load<u64>(COUNT);
  let pending = <usize>count & 63;
  store<u8>(PENDING + pending, 0x80);
  pending++;
  if (pending > 56) {
    memory.fill(PENDING + pending, 0, BLOCK - pending);
    compress(PENDING, 1);
    pending = 0;
  }
  memory.fill(PENDING + pending, 0, 56 - pending);
  store<u64>(PENDING + 56, bswap<u64>(count << 3));
  compress(PENDING, 1);
  for (let word: usize = 0; word < 32; word += 4) {
    store<u32>(DIGEST + word, bswap<u32>(load<u32>(STATE + word)));
  }
}

function compress(start: usize, blocks: usize): void {
  for (let block = start; block < start + (blocks << 6); block += BLOCK) {
    expand(block);
    rounds();
  }
}

/** The message schedule: sixty-four words. */
function expand(block: usize): void {
  for (let t: usize = 0; t < 64; t += 4) {
    store<u32>(SCHEDULE + t, bswap<u32>(load<u32>(block + t)));
  }
  for (let at = SCHEDULE + 64; at < SCHEDULE + 256; at += 4) {
    const w2 = load<u32>(at - 8);
    const w15 = load<u32>(at - 60);
    const sigma1 = rotr<u32>(w2, 17) ^ rotr<u32>(w2, 19) ^ (w2 >> 10);
    const sigma0 = rotr<u32>(w15, 7) ^ rotr<u32>(w15, 18) ^ (w15 >> 3);
    store<u32>(at, sigma1 + load<u32>(at - 28) + sigma0 + load<u32>(at - 64));
  }
}

function rounds(): void {
  let a = load<u32>(STATE);
  let b = load<u32>(STATE, 4);
  let c = load<u32>(STATE, 8);
  let d = load<u32>(STATE, 12);
  let e = load<u32>(STATE, 16);
  let f = load<u32>(STATE, 20);
  let g = load<u32>(STATE, 24);
  let h = load<u32>(STATE, 28);

  for (let t: usize = 0; t < 256; t += 32) {
    h += mix1(e, f, g) + word(t);
    d += h;
    h += mix0(a, b, c);

    g += mix1(d, e, f) + word(t + 4);
    c += g;
    g += mix0(h, a, b);

    f += mix1(c, d, e) + word(t + 8);
    b += f;
    f += mix0(g, h, a);

    e += mix1(b, c, d) + word(t + 12);
    a += e;
    e += mix0(f, g, h);

    d += mix1(a, b, c) + word(t + 16);
    h += d;
    d += mix0(e, f, g);

    c += mix1(h, a, b) + word(t + 20);
    g += c;
    c += mix0(d, e, f);

    b += mix1(g, h, a) + word(t + 24);
    f += b;
    b += mix0(c, d, e);

    a += mix1(f, g, h) + word(t + 28);
    e += a;
    a += mix0(b, c, d);
  }

  store<u32>(STATE, load<u32>(STATE) + a);
  store<u32>(STATE, load<u32>(STATE, 4) + b, 4);
  store<u32>(STATE, load<u32>(STATE, 8) + c, 8);
  store<u32>(STATE, load<u32>(STATE, 12) + d, 12);
  store<u32>(STATE, load<u32>(STATE, 16) + e, 16);
  store<u32>(STATE, load<u32>(STATE, 20) + f, 20);
  store<u32>(STATE, load<u32>(STATE, 24) + g, 24);
  store<u32>(STATE, load<u32>(STATE, 28) + h, 28);
}

/** Kt + Wt */
function word(t: usize): u32 {
  return load<u32>(ROUND_CONSTANTS + t) + load<u32>(SCHEDULE + t);
}

/** Σ1(e) + Ch(e, f, g) */
function mix1(e: u32, f: u32, g: u32): u32 {
  return (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) + (g ^ (e & (f ^ g)));
}

/** Σ0(a) + Maj(a, b, c) */
function mix0(a: u32, b: u32, c: u32): u32 {
  return (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)) + ((a & b) | (c & (a | b)));
}
