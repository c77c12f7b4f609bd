/**
 * SHA-256 (FIPS 180-4 §6.2), streaming, with a state that can be taken out and
 * put back at any byte. The compression function is sha256-vector.ts, or
 * sha256-scalar.ts in the build for engines without vectors.
 *
 * ABI: `init()`; write at most `INPUT_SIZE` bytes at `INPUT`, `update(n)`, as
 * often as needed; `digest()` leaves 32 bytes at `DIGEST`, after which `init()`
 * or a loaded state must follow. `STATE` is the whole state, `STATE_SIZE` bytes,
 * little-endian: eight hash words, the byte count (u64), the unfinished block.
 * `save()` zeroes what is stale in that block, so that equal inputs give equal
 * states and no old input leaks; to resume, write a saved state to `STATE`.
 */
import { INITIAL_HASH } from "./sha256-constants";
import { compressScalar } from "./sha256-scalar";
import { compressVector } from "./sha256-vector";

export const INPUT_SIZE: u32 = 64 * 1024;
export const INPUT: usize = memory.data(65536, 16);
export const DIGEST: usize = memory.data(32, 16);
export const STATE_SIZE: u32 = 104;
export const STATE: usize = memory.data(104, 16);
const COUNT: usize = STATE + 32;
const PENDING: usize = STATE + 40;

const BLOCK: usize = 64;

export function init(): void {
  memory.copy(STATE, INITIAL_HASH, 32);
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
    compress(STATE, PENDING, 1);
  }
  const blocks = left >> 6;
  compress(STATE, at, blocks);
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
    compress(STATE, PENDING, 1);
    pending = 0;
  }
  memory.fill(PENDING + pending, 0, 56 - pending);
  store<u64>(PENDING + 56, bswap<u64>(count << 3));
  compress(STATE, PENDING, 1);
  writeDigest(STATE);
}

/** The hash words at `state` as the specification writes them, to `DIGEST`. */
export function writeDigest(state: usize): void {
  for (let word: usize = 0; word < 32; word += 4) {
    store<u32>(DIGEST + word, bswap<u32>(load<u32>(state + word)));
  }
}

/** Folds `blocks` 64-byte blocks at `start` into the eight words at `state`. */
export function compress(state: usize, start: usize, blocks: usize): void {
  // Known at compile time: of the two only one is in a build.
  if (ASC_FEATURE_SIMD) compressVector(state, start, blocks);
  else compressScalar(state, start, blocks);
}
