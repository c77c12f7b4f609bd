/**
 * Four SHA-256 computations side by side, each with its own message in its own
 * window; a lane whose message is over takes the next one while the others go on.
 * The compression function is sha256-lanes.ts. In the build for engines without
 * vectors the lanes take turns instead: the same results, only slower.
 *
 * ABI: `begin(lane)` for a new message; then, as long as it lasts, write at most
 * `WINDOW_SIZE` bytes at `INPUT + lane * WINDOW_STRIDE` and `fill(lane, n, last)`,
 * where n is a multiple of 64 unless they are the last, which may be none. `run()`
 * hashes until a lane that was filled is empty; it returns a bit for each that
 * is. When one is that had its last bytes, `digest(lane)` leaves 32 bytes at
 * sha256.ts's `DIGEST`. Lanes that hold nothing are idle: they read a block of zeros into a
 * state that nobody asks for.
 */
import { compress, writeDigest } from "./sha256";
import { INITIAL_HASH } from "./sha256-constants";
import { compressLanes } from "./sha256-lanes";

const LANES: usize = 4;
/** With fewer lanes at work the function for one stream, on each in turn, is faster. */
const WORTHWHILE = 3;
const BLOCK: usize = 64;
export const WINDOW_SIZE: u32 = 16 * 1024;
/** A window, and room for the padding behind it. */
export const WINDOW_STRIDE: u32 = WINDOW_SIZE + 128;
export const INPUT: usize = memory.data(66048, 16);

/** By lane: eight hash words. */
const STATES: usize = memory.data(128, 16);
/** By lane: bytes of the message so far, u64. */
const COUNTS: usize = memory.data(32, 16);
/** By lane: blocks still to hash, u32. */
const LEFT: usize = memory.data(16, 16);
/** By lane: the next block's address. */
const CURSORS: usize = memory.data(16, 16);
/** By lane: bytes from a block to the next. */
const STRIDES: usize = memory.data(16, 16);
/** What idle lanes read. */
const ZEROS: usize = memory.data(64, 16);

export function begin(lane: u32): void {
  memory.copy(STATES + 32 * <usize>lane, INITIAL_HASH, 32);
  store<u64>(COUNTS + 8 * <usize>lane, 0);
}

/** Has `length` bytes in the lane's window hashed by the next `run`s; pads them if they are the message's last. */
export function fill(lane: u32, length: u32, last: bool): void {
  const window = INPUT + <usize>lane * WINDOW_STRIDE;
  const count = COUNTS + 8 * <usize>lane;
  store<u64>(count, load<u64>(count) + length);
  let end = window + length;
  if (last) end = pad(end, (BLOCK - 9 - <usize>length) & (BLOCK - 1), load<u64>(count));
  store<u32>(CURSORS + 4 * <usize>lane, <u32>window);
  store<u32>(LEFT + 4 * <usize>lane, <u32>((end - window) >> 6));
}

/** FIPS 180-4 §5.1.1: a one bit, zeros, the length in bits. */
function pad(end: usize, zeros: usize, count: u64): usize {
  store<u8>(end, 0x80);
  memory.fill(end + 1, 0, zeros);
  store<u64>(end + 1 + zeros, bswap<u64>(count << 3));
  return end + 9 + zeros;
}

export function run(): u32 {
  const blocks = shortest();
  let busy = 0;
  let empty: u32 = 0;
  for (let lane: usize = 0; lane < LANES; lane++) {
    const left = load<u32>(LEFT + 4 * lane);
    const isIdle = left === 0;
    if (isIdle) store<u32>(CURSORS + 4 * lane, <u32>ZEROS);
    store<u32>(STRIDES + 4 * lane, isIdle ? 0 : <u32>BLOCK);
    if (isIdle) continue;
    busy++;
    store<u32>(LEFT + 4 * lane, left - blocks);
    if (left === blocks) empty |= 1 << (<u32>lane);
  }
  if (ASC_FEATURE_SIMD && busy >= WORTHWHILE) compressLanes(STATES, CURSORS, STRIDES, blocks);
  else compressInTurn(blocks);
  return empty;
}

/** The blocks that every lane which is not idle has. */
function shortest(): u32 {
  let blocks = u32.MAX_VALUE;
  for (let lane: usize = 0; lane < LANES; lane++) {
    const left = load<u32>(LEFT + 4 * lane);
    if (left !== 0) blocks = min(blocks, left);
  }
  return blocks === u32.MAX_VALUE ? 0 : blocks;
}

function compressInTurn(blocks: usize): void {
  for (let lane: usize = 0; lane < LANES; lane++) {
    const stride = load<u32>(STRIDES + 4 * lane);
    if (stride === 0) continue;
    const cursor = load<u32>(CURSORS + 4 * lane);
    compress(STATES + 32 * lane, cursor, blocks);
    store<u32>(CURSORS + 4 * lane, cursor + <u32>(blocks * BLOCK));
  }
}

export function digest(lane: u32): void {
  writeDigest(STATES + 32 * <usize>lane);
}
