/**
 * The checksum of a zstd frame (RFC 8878 §3.1.1): the low half of XXH64 with
 * seed 0, of the frame's content.
 *
 * Algorithm: four lanes take eight bytes each of a stripe of 32, then the lanes
 * are merged and what is left of a stripe follows (Collet, "xxHash fast digest
 * algorithm", specification 0.1.1).
 *
 * ABI: call `init`, then write `INPUT_SIZE` bytes at `INPUT` and call `update`
 * for every full window, and write what is left, if only nothing, and call
 * `finish(n)`, which returns the checksum.
 */
import { INPUT, INPUT_SIZE } from "./checksum";

export { INPUT, INPUT_SIZE };

const PRIME_1: u64 = 0x9e3779b185ebca87;
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME_3: u64 = 0x165667b19e3779f9;
const PRIME_4: u64 = 0x85ebca77c2b2ae63;
const PRIME_5: u64 = 0x27d4eb2f165667c5;
const STRIPE: u32 = 32;

let lane1: u64 = 0;
let lane2: u64 = 0;
let lane3: u64 = 0;
let lane4: u64 = 0;
let total: u64 = 0;

export function init(): void {
  lane1 = PRIME_1 + PRIME_2;
  lane2 = PRIME_2;
  lane3 = 0;
  lane4 = 0 - PRIME_1;
  total = 0;
}

/** A full window: no stripe is cut. */
export function update(): void {
  stripes(INPUT_SIZE);
  total += INPUT_SIZE;
}

/** The last `length` bytes. */
export function finish(length: u32): u32 {
  const whole = length & ~(STRIPE - 1);
  stripes(whole);
  total += length;
  let hash = total < STRIPE ? PRIME_5 : merged();
  hash += total;
  let at = INPUT + whole;
  const end = INPUT + length;
  for (; at + 8 <= end; at += 8) {
    hash = rotl(hash ^ round(0, load<u64>(at)), 27) * PRIME_1 + PRIME_4;
  }
  if (at + 4 <= end) {
    hash = rotl(hash ^ (<u64>load<u32>(at) * PRIME_1), 23) * PRIME_2 + PRIME_3;
    at += 4;
  }
  for (; at < end; at++) hash = rotl(hash ^ (<u64>load<u8>(at) * PRIME_5), 11) * PRIME_1;
  hash = (hash ^ (hash >> 33)) * PRIME_2;
  hash = (hash ^ (hash >> 29)) * PRIME_3;
  return <u32>(hash ^ (hash >> 32));
}

function stripes(length: u32): void {
  let a = lane1;
  let b = lane2;
  let c = lane3;
  let d = lane4;
  const end = INPUT + length;
  for (let at = INPUT; at < end; at += STRIPE) {
    a = round(a, load<u64>(at));
    b = round(b, load<u64>(at, 8));
    c = round(c, load<u64>(at, 16));
    d = round(d, load<u64>(at, 24));
  }
  lane1 = a;
  lane2 = b;
  lane3 = c;
  lane4 = d;
}

function round(lane: u64, word: u64): u64 {
  return rotl(lane + word * PRIME_2, 31) * PRIME_1;
}

function merged(): u64 {
  let hash = rotl(lane1, 1) + rotl(lane2, 7) + rotl(lane3, 12) + rotl(lane4, 18);
  hash = (hash ^ round(0, lane1)) * PRIME_1 + PRIME_4;
  hash = (hash ^ round(0, lane2)) * PRIME_1 + PRIME_4;
  hash = (hash ^ round(0, lane3)) * PRIME_1 + PRIME_4;
  return (hash ^ round(0, lane4)) * PRIME_1 + PRIME_4;
}
