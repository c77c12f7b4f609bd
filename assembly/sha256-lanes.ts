/**
 * SHA-256's compression function on four messages at once, one in each lane of
 * the vectors: every operation of the specification, done fourfold.
 *
 * Algorithm: the four blocks are transposed, word t of each into vector t of the
 * schedule; then sixty-four rounds run eight to a loop turn, from the seventeenth
 * on each with the word of the schedule that it needs. WebAssembly rotates no
 * lanes: a rotation is two shifts, and that work, rather than the wait for the
 * round before, is what bounds it.
 *
 * Measured, against what stands here: the schedule expanded before the rounds
 * -22 %; rotations nested as rotr(x ^ rotr(x, n), m) -35 %; Ch by `bitselect` -1 %.
 */

import { ROUND_CONSTANTS } from "./sha256-constants";

/** The schedules' words, a vector for each. */
const SCHEDULE: usize = memory.data(1024, 16);
/** The states' words, a vector for each. */
const STATE: usize = memory.data(128, 16);

/**
 * Folds `blocks` blocks of each lane into its state. At `states` stand four states
 * of eight words; at `cursors` four addresses, each lane's next block; at
 * `strides` how far a lane's blocks lie apart, 0 for one that is idle and reads
 * the same block again and again. Moves the cursors behind what was read.
 */
export function compressLanes(states: usize, cursors: usize, strides: usize, blocks: usize): void {
  for (let half: usize = 0; half < 32; half += 16) {
    transpose(
      states + half,
      states + 32 + half,
      states + 64 + half,
      states + 96 + half,
      STATE + 4 * half,
      16,
    );
  }
  for (let block: usize = 0; block < blocks; block++) {
    readBlocks(cursors);
    rounds();
    v128.store(cursors, i32x4.add(v128.load(cursors), v128.load(strides)));
  }
  for (let half: usize = 0; half < 32; half += 16) {
    const from = STATE + 4 * half;
    transpose(from, from + 16, from + 32, from + 48, states + half, 32);
  }
}

function rounds(): void {
  let a = v128.load(STATE);
  let b = v128.load(STATE, 16);
  let c = v128.load(STATE, 32);
  let d = v128.load(STATE, 48);
  let e = v128.load(STATE, 64);
  let f = v128.load(STATE, 80);
  let g = v128.load(STATE, 96);
  let h = v128.load(STATE, 112);
  // Maj's carried half (sha256-round.ts), in one of them for even rounds and in the other for odd ones.
  let ab: v128;
  let bc = v128.xor(b, c);

  for (let t: usize = 0; t < 256; t += 128) {
    h = first(i32x4.add(h, word(t)), e, f, g);
    d = i32x4.add(d, h);
    ab = v128.xor(a, b);
    h = second(h, a, b, ab, bc);

    g = first(i32x4.add(g, word(t + 16)), d, e, f);
    c = i32x4.add(c, g);
    bc = v128.xor(h, a);
    g = second(g, h, a, bc, ab);

    f = first(i32x4.add(f, word(t + 32)), c, d, e);
    b = i32x4.add(b, f);
    ab = v128.xor(g, h);
    f = second(f, g, h, ab, bc);

    e = first(i32x4.add(e, word(t + 48)), b, c, d);
    a = i32x4.add(a, e);
    bc = v128.xor(f, g);
    e = second(e, f, g, bc, ab);

    d = first(i32x4.add(d, word(t + 64)), a, b, c);
    h = i32x4.add(h, d);
    ab = v128.xor(e, f);
    d = second(d, e, f, ab, bc);

    c = first(i32x4.add(c, word(t + 80)), h, a, b);
    g = i32x4.add(g, c);
    bc = v128.xor(d, e);
    c = second(c, d, e, bc, ab);

    b = first(i32x4.add(b, word(t + 96)), g, h, a);
    f = i32x4.add(f, b);
    ab = v128.xor(c, d);
    b = second(b, c, d, ab, bc);

    a = first(i32x4.add(a, word(t + 112)), f, g, h);
    e = i32x4.add(e, a);
    bc = v128.xor(b, c);
    a = second(a, b, c, bc, ab);
  }

  for (let t: usize = 256; t < 1024; t += 128) {
    h = first(i32x4.add(h, nextWord(t)), e, f, g);
    d = i32x4.add(d, h);
    ab = v128.xor(a, b);
    h = second(h, a, b, ab, bc);

    g = first(i32x4.add(g, nextWord(t + 16)), d, e, f);
    c = i32x4.add(c, g);
    bc = v128.xor(h, a);
    g = second(g, h, a, bc, ab);

    f = first(i32x4.add(f, nextWord(t + 32)), c, d, e);
    b = i32x4.add(b, f);
    ab = v128.xor(g, h);
    f = second(f, g, h, ab, bc);

    e = first(i32x4.add(e, nextWord(t + 48)), b, c, d);
    a = i32x4.add(a, e);
    bc = v128.xor(f, g);
    e = second(e, f, g, bc, ab);

    d = first(i32x4.add(d, nextWord(t + 64)), a, b, c);
    h = i32x4.add(h, d);
    ab = v128.xor(e, f);
    d = second(d, e, f, ab, bc);

    c = first(i32x4.add(c, nextWord(t + 80)), h, a, b);
    g = i32x4.add(g, c);
    bc = v128.xor(d, e);
    c = second(c, d, e, bc, ab);

    b = first(i32x4.add(b, nextWord(t + 96)), g, h, a);
    f = i32x4.add(f, b);
    ab = v128.xor(c, d);
    b = second(b, c, d, ab, bc);

    a = first(i32x4.add(a, nextWord(t + 112)), f, g, h);
    e = i32x4.add(e, a);
    bc = v128.xor(b, c);
    a = second(a, b, c, bc, ab);
  }

  v128.store(STATE, i32x4.add(v128.load(STATE), a));
  v128.store(STATE, i32x4.add(v128.load(STATE, 16), b), 16);
  v128.store(STATE, i32x4.add(v128.load(STATE, 32), c), 32);
  v128.store(STATE, i32x4.add(v128.load(STATE, 48), d), 48);
  v128.store(STATE, i32x4.add(v128.load(STATE, 64), e), 64);
  v128.store(STATE, i32x4.add(v128.load(STATE, 80), f), 80);
  v128.store(STATE, i32x4.add(v128.load(STATE, 96), g), 96);
  v128.store(STATE, i32x4.add(v128.load(STATE, 112), h), 112);
}

/** T1 = h + Kt + Wt + Σ1(e) + Ch(e, f, g), the first three being `sum`. */
function first(sum: v128, e: v128, f: v128, g: v128): v128 {
  const sigma = v128.xor(v128.xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
  return i32x4.add(i32x4.add(sum, sigma), v128.xor(g, v128.and(e, v128.xor(f, g))));
}

/** T1 + T2, which is T1 + Σ0(a) + Maj(a, b, c). */
function second(t1: v128, a: v128, b: v128, ab: v128, bc: v128): v128 {
  const sigma = v128.xor(v128.xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22));
  return i32x4.add(i32x4.add(t1, sigma), v128.xor(b, v128.and(ab, bc)));
}

/** Kt + Wt; `t` counts the schedule's bytes. */
function word(t: usize): v128 {
  return i32x4.add(v128.load(SCHEDULE + t), v128.load32_splat(ROUND_CONSTANTS + (t >> 2)));
}

/** The same beyond the block's own sixteen: Wt = σ1(Wt-2) + Wt-7 + σ0(Wt-15) + Wt-16 (§6.2.2). */
function nextWord(t: usize): v128 {
  const at = SCHEDULE - 256 + t;
  const sum = i32x4.add(
    i32x4.add(sigma1(v128.load(at, 224)), v128.load(at, 144)),
    i32x4.add(sigma0(v128.load(at, 16)), v128.load(at)),
  );
  v128.store(at, sum, 256);
  return i32x4.add(sum, v128.load32_splat(ROUND_CONSTANTS + (t >> 2)));
}

function sigma0(x: v128): v128 {
  return v128.xor(v128.xor(rotate(x, 7), rotate(x, 18)), i32x4.shr_u(x, 3));
}

function sigma1(x: v128): v128 {
  return v128.xor(v128.xor(rotate(x, 17), rotate(x, 19)), i32x4.shr_u(x, 10));
}

function rotate(x: v128, by: i32): v128 {
  return v128.or(i32x4.shr_u(x, by), i32x4.shl(x, 32 - by));
}

/** The lanes' next blocks into the first sixteen vectors of the schedule. */
function readBlocks(cursors: usize): void {
  for (let from: usize = 0; from < 64; from += 16) {
    const to = SCHEDULE + (from << 2);
    transpose(
      load<usize>(cursors) + from,
      load<usize>(cursors, 4) + from,
      load<usize>(cursors, 8) + from,
      load<usize>(cursors, 12) + from,
      to,
      16,
    );
    v128.store(to, bigEndian(v128.load(to)));
    v128.store(to, bigEndian(v128.load(to, 16)), 16);
    v128.store(to, bigEndian(v128.load(to, 32)), 32);
    v128.store(to, bigEndian(v128.load(to, 48)), 48);
  }
}

/** Words as the specification reads them: most significant byte first. */
function bigEndian(bytes: v128): v128 {
  return v128.shuffle<u8>(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Four vectors of four words as a matrix, its columns written `apart` bytes from each other. */
function transpose(at0: usize, at1: usize, at2: usize, at3: usize, to: usize, apart: usize): void {
  const left01 = v128.shuffle<u32>(v128.load(at0), v128.load(at1), 0, 4, 1, 5);
  const right01 = v128.shuffle<u32>(v128.load(at0), v128.load(at1), 2, 6, 3, 7);
  const left23 = v128.shuffle<u32>(v128.load(at2), v128.load(at3), 0, 4, 1, 5);
  const right23 = v128.shuffle<u32>(v128.load(at2), v128.load(at3), 2, 6, 3, 7);
  v128.store(to, v128.shuffle<u64>(left01, left23, 0, 2));
  v128.store(to + apart, v128.shuffle<u64>(left01, left23, 1, 3));
  v128.store(to + 2 * apart, v128.shuffle<u64>(right01, right23, 0, 2));
  v128.store(to + 3 * apart, v128.shuffle<u64>(right01, right23, 1, 3));
}
