/**
 * Sends tokens, literals and matches, in a block's two codes.
 *
 * Each length's code and extra bits are joined beforehand, which spares a match one step
 * of four. Of the time at level 6 this loop is a twentieth.
 */
import { bitCount, bits, output, putBits, resumeAt } from "./bit-writer";
import {
  DISTANCE_SYMBOLS,
  distanceExtraBits,
  END_OF_BLOCK,
  LITLEN_SYMBOLS,
  lengthExtraBits,
  MAX_MATCH,
  MIN_MATCH,
} from "./deflate-format";
import { distanceSymbol, lengthSymbol } from "./deflate-symbols";
import { buildCodes, entry, LENGTH_BITS, LENGTH_MASK } from "./encode-table";

/** A literal is its byte; a match is this flag, its length above sixteen bits, and its distance. */
export const MATCH: u32 = 1 << 31;

const LITLEN_CODES: usize = memory.data(1152, 16);
const DISTANCE_CODES: usize = memory.data(128, 16);

/** What is sent for each match length, its symbol's code and the extra bits, above five bits of how many. */
const LENGTH_CODES: usize = memory.data(1036, 16);
const LENGTH_CODE_BITS: u32 = 5;
const LENGTH_CODE_MASK: u32 = 31;

/** Sends the words from `from` to `end`, and the block's end, in the codes of these lengths. */
export function writeTokens(from: usize, end: usize, litlenLengths: usize, distanceLengths: usize): void {
  buildCodes(litlenLengths, LITLEN_SYMBOLS, LITLEN_CODES);
  buildCodes(distanceLengths, DISTANCE_SYMBOLS, DISTANCE_CODES);
  fillLengthCodes();
  sendAll(from, end);
  const code = entry(LITLEN_CODES, END_OF_BLOCK);
  putBits(code >> LENGTH_BITS, code & LENGTH_MASK);
}

function fillLengthCodes(): void {
  for (let length = MIN_MATCH; length <= MAX_MATCH; length++) {
    const symbol = lengthSymbol(length);
    const code = entry(LITLEN_CODES, symbol);
    const codeBits = code & LENGTH_MASK;
    const extraBits = lengthExtraBits(symbol);
    const extra = (length - MIN_MATCH) & ((1 << extraBits) - 1);
    const bits = (code >> LENGTH_BITS) | (extra << codeBits);
    store<u32>(LENGTH_CODES + (length << 2), (bits << LENGTH_CODE_BITS) | (codeBits + extraBits));
  }
}

function sendAll(from: usize, end: usize): void {
  // Locals, since each global would be a memory access.
  let target = output;
  let buffer = bits;
  let count = bitCount;
  for (let at = from; at < end; at += 4) {
    const token = load<u32>(at);
    if (token & MATCH) {
      const length = load<u32>(((token >> 16) & 511) << 2, LENGTH_CODES);
      buffer |= (<u64>(length >> LENGTH_CODE_BITS)) << count;
      count += length & LENGTH_CODE_MASK;
      const offset = (token & 0xffff) - 1;
      const slot = distanceSymbol(offset + 1);
      const distanceCode = entry(DISTANCE_CODES, slot);
      buffer |= (<u64>(distanceCode >> LENGTH_BITS)) << count;
      count += distanceCode & LENGTH_MASK;
      const distanceExtra = distanceExtraBits(slot);
      buffer |= (<u64>(offset & ((1 << distanceExtra) - 1))) << count;
      count += distanceExtra;
    } else {
      const code = entry(LITLEN_CODES, token);
      buffer |= (<u64>(code >> LENGTH_BITS)) << count;
      count += code & LENGTH_MASK;
    }
    // At most 7 bits were left over and 48 came: they fit.
    store<u64>(target, buffer);
    target += count >> 3;
    buffer >>= count & ~7;
    count &= 7;
  }
  resumeAt(target, buffer, count);
}
