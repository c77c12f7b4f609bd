/**
 * The Huffman codes of a block: the fixed ones (RFC 1951 §3.2.6), or those sent at
 * its head (§3.2.7) as the length of each symbol's code, run-length coded and in a
 * Huffman code itself, the precode. Resumable at any byte, and then the tables of
 * decode-table.ts are built.
 */
import { bitCount, bits, need, takeBits } from "./bit-reader";
import { buildDistance, buildLitlen, buildPrecode, PRECODE_BITS, PRECODE_TABLE } from "./decode-table";
import {
  DISTANCE_SYMBOLS,
  END_OF_BLOCK,
  fixedLengths,
  LAST_DISTANCE,
  LAST_LENGTH,
  LITLEN_SYMBOLS,
  PRECODE_ORDER,
  PRECODE_SYMBOLS,
  REPEAT_PREVIOUS,
  REPEAT_ZERO,
} from "./deflate-format";
import { BAD_CODE, NEED_INPUT, NEXT } from "./status";

// What comes next of a block's head.
const COUNTS: i32 = 0;
const PRECODE: i32 = 1;
const LENGTHS: i32 = 2;
let place: i32 = COUNTS;

/** The code lengths being read: litlen's, then distance's without a gap. */
const CODE_LENGTHS: usize = memory.data(320, 16);
const PRECODE_LENGTHS: usize = memory.data(19, 16);
let litlenCount: u32 = 0;
let distanceCount: u32 = 0;
let precodeCount: u32 = 0;
let lengthsRead: u32 = 0;
/** The tables hold the fixed codes. */
let fixedTables: bool = false;

export function beginCodes(): void {
  place = COUNTS;
}

/** NEXT when the tables are built. */
export function readCodes(): i32 {
  let status = NEXT;
  if (place === COUNTS) status = readCounts();
  if (status === NEXT && place === PRECODE) status = readPrecode();
  return status === NEXT ? readLengths() : status;
}

export function useFixedCodes(): void {
  if (fixedTables) return;
  fixedLengths(CODE_LENGTHS, CODE_LENGTHS + LITLEN_SYMBOLS);
  buildLitlen(CODE_LENGTHS, LITLEN_SYMBOLS);
  buildDistance(CODE_LENGTHS + LITLEN_SYMBOLS, DISTANCE_SYMBOLS);
  fixedTables = true;
}

/** HLIT, HDIST, HCLEN. */
function readCounts(): i32 {
  if (!need(14)) return NEED_INPUT;
  litlenCount = takeBits(5) + 257;
  distanceCount = takeBits(5) + 1;
  precodeCount = takeBits(4) + 4;
  if (litlenCount > LAST_LENGTH + 1 || distanceCount > LAST_DISTANCE + 1) return BAD_CODE;
  memory.fill(PRECODE_LENGTHS, 0, PRECODE_SYMBOLS);
  lengthsRead = 0;
  place = PRECODE;
  return NEXT;
}

function readPrecode(): i32 {
  for (; lengthsRead < precodeCount; lengthsRead++) {
    if (!need(3)) return NEED_INPUT;
    store<u8>(PRECODE_LENGTHS + load<u8>(PRECODE_ORDER + lengthsRead), takeBits(3));
  }
  if (!buildPrecode(PRECODE_LENGTHS)) return BAD_CODE;
  lengthsRead = 0;
  place = LENGTHS;
  return NEXT;
}

function readLengths(): i32 {
  const total = litlenCount + distanceCount;
  while (lengthsRead < total) {
    // The longest code and its extra bits.
    if (bitCount < 14) need(14);
    const entry = load<u32>(PRECODE_TABLE + ((<usize>bits & ((1 << PRECODE_BITS) - 1)) << 2));
    const codeBits = entry & 255;
    const symbol = entry >> 16;
    const extraBits = repeatBits(symbol);
    if (bitCount < codeBits + extraBits) return NEED_INPUT;
    takeBits(codeBits);
    if (symbol < REPEAT_PREVIOUS) {
      store<u8>(CODE_LENGTHS + lengthsRead, symbol);
      lengthsRead++;
      continue;
    }
    const length = symbol === REPEAT_PREVIOUS ? 3 + takeBits(2) : repeatZeros(symbol, extraBits);
    if (symbol === REPEAT_PREVIOUS && lengthsRead === 0) return BAD_CODE;
    if (lengthsRead + length > total) return BAD_CODE;
    const value = symbol === REPEAT_PREVIOUS ? load<u8>(CODE_LENGTHS + lengthsRead - 1) : 0;
    memory.fill(CODE_LENGTHS + lengthsRead, value, length);
    lengthsRead += length;
  }
  return buildTables();
}

function repeatBits(symbol: u32): u32 {
  if (symbol < REPEAT_PREVIOUS) return 0;
  return symbol === REPEAT_PREVIOUS ? 2 : symbol === REPEAT_ZERO ? 3 : 7;
}

function repeatZeros(symbol: u32, extraBits: u32): u32 {
  return (symbol === REPEAT_ZERO ? 3 : 11) + takeBits(extraBits);
}

function buildTables(): i32 {
  fixedTables = false;
  // A block without an end cannot be read, whatever else it holds.
  if (load<u8>(CODE_LENGTHS + END_OF_BLOCK) === 0) return BAD_CODE;
  if (!buildLitlen(CODE_LENGTHS, litlenCount)) return BAD_CODE;
  if (!buildDistance(CODE_LENGTHS + litlenCount, distanceCount)) return BAD_CODE;
  return NEXT;
}
