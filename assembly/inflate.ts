/**
 * DEFLATE decompression (RFC 1951), streaming, resumable at any byte of input.
 *
 * Algorithm: a 64-bit buffer of input bits and table look-ups. While at least
 * FAST_INPUT bytes of input are at hand, the fast loop refills the buffer with
 * one unaligned load, decodes up to three symbols from it, and copies matches
 * sixteen bytes at a time past their end: no check of input or output inside.
 * The next symbol's entry is looked up before a match is copied, so that the
 * table's latency and the copy's overlap. The last bytes of input go through the
 * careful loop, which decodes a symbol whole (at most 48 bits) or not at all; so
 * at a pause everything unread is in the bit buffer and no input has to be kept.
 * The branch-free refill, the packed table entries and the early look-up are
 * libdeflate's published design (Eric Biggers, MIT).
 *
 * What was measured, and did not help: a third less when matches are copied byte
 * by byte or by memory.copy; 10% less with globals for locals; two literals in an
 * entry, a fourth literal before the refill, tables of 10 or 12 bits, and refilling
 * only when needed all cost more than they save; a limit of the output that is no
 * constant costs 5% in a register. What did: table addresses as the load's constant offset, two
 * vectors of a match copied before its length is looked at, and a checksum
 * (crc32-sparse.ts) that is nearly free where it was a third of the time.
 *
 * Output goes to a window: 32 KiB of history, then `OUTPUT_SIZE` bytes, then
 * slack, so that a symbol begun in bounds needs no further check. When it is
 * full, the last 32 KiB move to the front.
 *
 * ABI: `init()`; write at most `INPUT_SIZE` bytes at `INPUT` and `push(n)`. It
 * answers a status (status.ts); in any case `outputLength()` bytes at
 * `outputStart()` are new, and valid until the next call. After HAVE_OUTPUT call
 * `push(0)` until it answers otherwise; only then give more input. `complete()`
 * tells whether the stream was over. gunzip.ts drives the same machine through
 * `supply`, `inflate`, `alignToByte` and `takeByte`.
 *
 * Reading can be taken up at a block's beginning, where the only state is the bit
 * buffer and the history (Mark Adler's zran does so with zlib). After
 * `stopAtBlock()` the next one answers AT_BLOCK, once; there `unreadBits()`,
 * `historyStart()` and `historyLength()` are all there is to keep. `resume(n,
 * bits, count)` goes on, `n` bytes of history being at `HISTORY` and the rest of
 * the byte the block begins in being `bits`.
 *
 * One file, though long: every step works on the same bit buffer, and a module's
 * variables can be set in that module only.
 */
import { copy16 } from "./copy";
import {
  buildDistance,
  buildLitlen,
  buildPrecode,
  DISTANCE_BITS,
  DISTANCE_TABLE,
  END,
  INVALID,
  LITERAL,
  LITLEN_BITS,
  LITLEN_TABLE,
  POINTER,
  PRECODE_BITS,
  PRECODE_TABLE,
} from "./decode-table";
import {
  BLOCK_DYNAMIC,
  BLOCK_FIXED,
  BLOCK_STORED,
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
  WINDOW_SIZE,
} from "./deflate-format";
import {
  AT_BLOCK,
  BAD_BLOCK_TYPE,
  BAD_CODE,
  BAD_DISTANCE,
  BAD_STORED_LENGTH,
  BAD_SYMBOL,
  DONE,
  HAVE_OUTPUT,
  NEED_INPUT,
  TRAILING_DATA,
} from "./status";

export const INPUT_SIZE: u32 = 64 * 1024;
export const INPUT: usize = memory.data(65536, 16);

const OUTPUT_SIZE: u32 = 256 * 1024;
// 32 KiB of history, OUTPUT_SIZE, and 1 KiB of slack: two literals and a match rounded up to 32 need 290.
const OUTPUT: usize = memory.data(295936, 16);
export const HISTORY: usize = OUTPUT;
const OUTPUT_LIMIT: usize = OUTPUT + WINDOW_SIZE + OUTPUT_SIZE;

/** What the fast loop may read in one turn: two refills, each a word at most seven bytes on. */
const FAST_INPUT: usize = 24;

// Where in the stream we are; the step to take next.
const BLOCK_HEADER: i32 = 0;
const STORED_HEADER: i32 = 1;
const STORED: i32 = 2;
const DYNAMIC_HEADER: i32 = 3;
const PRECODE: i32 = 4;
const CODE_LENGTHS: i32 = 5;
const SYMBOLS: i32 = 6;
const OVER: i32 = 7;

/** A step is finished; take the next. */
const NEXT: i32 = 100;

let step: i32 = BLOCK_HEADER;
let lastBlock: bool = false;
let stopping: bool = false;

let input: usize = INPUT;
let inputEnd: usize = INPUT;
let bits: u64 = 0;
let bitCount: u32 = 0;

let output: usize = OUTPUT;
/** Where the output of this push begins. */
let outputBegin: usize = OUTPUT;
/** The oldest byte a match may copy: nothing before the stream's own beginning. */
let history: usize = OUTPUT;

let storedLeft: u32 = 0;

/** The code lengths being read: litlen's, then distance's without a gap; 14 more since a repeat may run over. */
const LENGTHS: usize = memory.data(320, 16);
const PRECODE_LENGTHS: usize = memory.data(19, 16);
let litlenCount: u32 = 0;
let distanceCount: u32 = 0;
let precodeCount: u32 = 0;
let lengthsRead: u32 = 0;
/** The tables hold the fixed code. */
let fixedTables: bool = false;

export function init(): void {
  input = inputEnd = INPUT;
  bits = 0;
  bitCount = 0;
  output = outputBegin = OUTPUT;
  stopping = false;
  beginStream();
}

/** A new stream in the same input and output, for the next gzip member. */
export function beginStream(): void {
  history = output;
  step = BLOCK_HEADER;
  lastBlock = false;
}

/** Goes on at a block's beginning: `length` bytes of history are at HISTORY, `count` bits of input in `unread`. */
export function resume(length: u32, unread: u32, count: u32): void {
  init();
  output = outputBegin = OUTPUT + length;
  bits = unread;
  bitCount = count;
}

/** Has the next block's beginning answer AT_BLOCK. */
export function stopAtBlock(): void {
  stopping = true;
}

/** Bits of the input given that are not used yet. */
export function unreadBits(): u32 {
  return bitCount + ((<u32>(inputEnd - input)) << 3);
}

/** Where the output begins that the next block may copy from. */
export function historyStart(): usize {
  return output - historyLength();
}

/** Bytes of output that the next block may copy from. */
export function historyLength(): u32 {
  return min(<u32>(output - history), WINDOW_SIZE);
}

/** Raw DEFLATE: nothing may follow its end. */
export function push(length: u32): i32 {
  supply(length);
  const status = inflate();
  return status === DONE && (input < inputEnd || bitCount >= 8) ? TRAILING_DATA : status;
}

export function complete(): bool {
  return step === OVER;
}

/** Where the output of this push begins. */
export function outputStart(): usize {
  return outputBegin;
}

/** Bytes of output of this push. */
export function outputLength(): u32 {
  return <u32>(output - outputBegin);
}

/** Begins a push: takes `length` bytes at INPUT, frees the output window. */
export function supply(length: u32): void {
  if (length > 0) {
    input = INPUT;
    inputEnd = INPUT + length;
  }
  if (output >= OUTPUT_LIMIT) {
    const shift = output - WINDOW_SIZE - OUTPUT;
    memory.copy(OUTPUT, OUTPUT + shift, WINDOW_SIZE);
    output -= shift;
    history = history > OUTPUT + shift ? history - shift : OUTPUT;
  }
  outputBegin = output;
}

/** Where the next byte of output goes. */
export function outputEnd(): usize {
  return output;
}

/** Drops the rest of a byte begun. */
export function alignToByte(): void {
  const rest = bitCount & 7;
  bits >>= rest;
  bitCount -= rest;
}

/** The next byte of input, or -1 if there is none; only at a byte's boundary. */
export function takeByte(): i32 {
  if (!need(8)) return -1;
  return <i32>takeBits(8);
}

/** Decompresses until input, output window or stream end. */
export function inflate(): i32 {
  let status = NEXT;
  while (status === NEXT) {
    switch (step) {
      case BLOCK_HEADER:
        status = readBlockHeader();
        break;
      case STORED_HEADER:
        status = readStoredHeader();
        break;
      case STORED:
        status = copyStored();
        break;
      case DYNAMIC_HEADER:
        status = readDynamicHeader();
        break;
      case PRECODE:
        status = readPrecode();
        break;
      case CODE_LENGTHS:
        status = readCodeLengths();
        break;
      case SYMBOLS:
        status = readSymbols();
        break;
      default:
        return DONE;
    }
  }
  return status;
}

/** True if the bit buffer holds `count` bits; fills it as far as the input allows. */
function need(count: u32): bool {
  while (bitCount < 56 && input < inputEnd) {
    bits |= (<u64>load<u8>(input)) << bitCount;
    bitCount += 8;
    input++;
  }
  return bitCount >= count;
}

function takeBits(count: u32): u32 {
  const taken = <u32>lowBits(bits, count);
  bits >>= count;
  bitCount -= count;
  return taken;
}

/** RFC 1951 §3.2.3 */
function readBlockHeader(): i32 {
  if (lastBlock) {
    step = OVER;
    return NEXT;
  }
  if (stopping) {
    stopping = false;
    return AT_BLOCK;
  }
  if (!need(3)) return NEED_INPUT;
  lastBlock = takeBits(1) !== 0;
  const type = takeBits(2);
  if (type === BLOCK_STORED) {
    alignToByte();
    step = STORED_HEADER;
  } else if (type === BLOCK_FIXED) {
    useFixedTables();
    step = SYMBOLS;
  } else if (type === BLOCK_DYNAMIC) {
    step = DYNAMIC_HEADER;
  } else {
    return BAD_BLOCK_TYPE;
  }
  return NEXT;
}

/** RFC 1951 §3.2.4: LEN and its complement. */
function readStoredHeader(): i32 {
  if (!need(32)) return NEED_INPUT;
  storedLeft = takeBits(16);
  if (takeBits(16) !== (~storedLeft & 0xffff)) return BAD_STORED_LENGTH;
  step = STORED;
  return NEXT;
}

function copyStored(): i32 {
  while (storedLeft > 0) {
    if (output >= OUTPUT_LIMIT) return HAVE_OUTPUT;
    if (bitCount > 0) {
      store<u8>(output, takeBits(8));
      output++;
      storedLeft--;
      continue;
    }
    const available = min(<u32>(inputEnd - input), <u32>(OUTPUT_LIMIT - output));
    const length = min(available, storedLeft);
    if (length === 0) return NEED_INPUT;
    memory.copy(output, input, length);
    input += length;
    output += length;
    storedLeft -= length;
  }
  step = BLOCK_HEADER;
  return NEXT;
}

/** RFC 1951 §3.2.7: HLIT, HDIST, HCLEN. */
function readDynamicHeader(): i32 {
  if (!need(14)) return NEED_INPUT;
  litlenCount = takeBits(5) + 257;
  distanceCount = takeBits(5) + 1;
  precodeCount = takeBits(4) + 4;
  if (litlenCount > LAST_LENGTH + 1 || distanceCount > LAST_DISTANCE + 1) return BAD_CODE;
  memory.fill(PRECODE_LENGTHS, 0, PRECODE_SYMBOLS);
  lengthsRead = 0;
  step = PRECODE;
  return NEXT;
}

function readPrecode(): i32 {
  for (; lengthsRead < precodeCount; lengthsRead++) {
    if (!need(3)) return NEED_INPUT;
    store<u8>(PRECODE_LENGTHS + load<u8>(PRECODE_ORDER + lengthsRead), takeBits(3));
  }
  if (!buildPrecode(PRECODE_LENGTHS)) return BAD_CODE;
  lengthsRead = 0;
  step = CODE_LENGTHS;
  return NEXT;
}

function readCodeLengths(): i32 {
  const total = litlenCount + distanceCount;
  while (lengthsRead < total) {
    need(14);
    const entry = load<u32>(PRECODE_TABLE + ((<usize>bits & ((1 << PRECODE_BITS) - 1)) << 2));
    const codeBits = entry & 255;
    const symbol = entry >> 16;
    const extraBits = repeatBits(symbol);
    if (bitCount < codeBits + extraBits) return NEED_INPUT;
    if (entry & INVALID) return BAD_CODE;
    takeBits(codeBits);
    if (symbol < REPEAT_PREVIOUS) {
      store<u8>(LENGTHS + lengthsRead, symbol);
      lengthsRead++;
      continue;
    }
    const length = symbol === REPEAT_PREVIOUS ? 3 + takeBits(2) : repeatZeros(symbol, extraBits);
    if (symbol === REPEAT_PREVIOUS && lengthsRead === 0) return BAD_CODE;
    if (lengthsRead + length > total) return BAD_CODE;
    const value = symbol === REPEAT_PREVIOUS ? load<u8>(LENGTHS + lengthsRead - 1) : 0;
    memory.fill(LENGTHS + lengthsRead, value, length);
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
  if (load<u8>(LENGTHS + END_OF_BLOCK) === 0) return BAD_CODE;
  if (!buildLitlen(LENGTHS, litlenCount)) return BAD_CODE;
  if (!buildDistance(LENGTHS + litlenCount, distanceCount)) return BAD_CODE;
  step = SYMBOLS;
  return NEXT;
}

function useFixedTables(): void {
  if (fixedTables) return;
  fixedLengths(LENGTHS, LENGTHS + LITLEN_SYMBOLS);
  buildLitlen(LENGTHS, LITLEN_SYMBOLS);
  buildDistance(LENGTHS + LITLEN_SYMBOLS, DISTANCE_SYMBOLS);
  fixedTables = true;
}

const LITLEN_MASK: usize = (1 << LITLEN_BITS) - 1;
const DISTANCE_MASK: usize = (1 << DISTANCE_BITS) - 1;
const KIND: u32 = LITERAL | POINTER | END | INVALID;

/** The literals and matches of a block: fast while input and output have room, then symbol by symbol. */
function readSymbols(): i32 {
  const status = input + FAST_INPUT <= inputEnd && output < OUTPUT_LIMIT ? readFast() : NEXT;
  return status === NEXT && step === SYMBOLS ? readCareful() : status;
}

/** Symbols while FAST_INPUT bytes are at hand; NEXT where the careful loop goes on, or the block is over. */
function readFast(): i32 {
  // Locals, since each global would be a memory access (10% measured).
  const fastEnd = inputEnd - FAST_INPUT;
  const oldest = history;
  let source = input;
  let target = output;
  let buffer = bits;
  let count = bitCount;
  let status = NEXT;

  // Refill to at least 56 bits. The bits above `count` are input too, so loading them again changes nothing.
  buffer |= load<u64>(source) << count;
  source += (63 - count) >> 3;
  count |= 56;
  let entry = load<u32>((<usize>buffer & LITLEN_MASK) << 2, LITLEN_TABLE);

  for (;;) {
    let saved = buffer;
    buffer >>= entry & 255;
    count -= entry & 255;
    if (entry & LITERAL) {
      store<u8>(target, entry >> 16);
      entry = load<u32>((<usize>buffer & LITLEN_MASK) << 2, LITLEN_TABLE);
      saved = buffer;
      buffer >>= entry & 255;
      count -= entry & 255;
      if (entry & LITERAL) {
        store<u8>(target, entry >> 16, 1);
        target += 2;
        entry = load<u32>((<usize>buffer & LITLEN_MASK) << 2, LITLEN_TABLE);
        saved = buffer;
        buffer >>= entry & 255;
        count -= entry & 255;
        if (entry & LITERAL) {
          store<u8>(target, entry >> 16);
          target++;
          entry = load<u32>((<usize>buffer & LITLEN_MASK) << 2, LITLEN_TABLE);
          buffer |= load<u64>(source) << count;
          source += (63 - count) >> 3;
          count |= 56;
          if (source > fastEnd || target >= OUTPUT_LIMIT) break;
          continue;
        }
      } else {
        target++;
      }
    }
    // At least 23 bits are left: enough for the rest of any literal or length (9, or 4 + 5).
    if (entry & KIND) {
      if (entry & POINTER) {
        entry = load<u32>(
          ((entry >> 16) + (<u32>buffer & ((1 << ((entry >> 8) & 15)) - 1))) << 2,
          LITLEN_TABLE,
        );
        saved = buffer;
        buffer >>= entry & 255;
        count -= entry & 255;
      }
      if (entry & LITERAL) {
        store<u8>(target, entry >> 16);
        target++;
        buffer |= load<u64>(source) << count;
        source += (63 - count) >> 3;
        count |= 56;
        entry = load<u32>((<usize>buffer & LITLEN_MASK) << 2, LITLEN_TABLE);
        if (source > fastEnd || target >= OUTPUT_LIMIT) break;
        continue;
      }
      if (entry & (END | INVALID)) {
        if (entry & END) step = BLOCK_HEADER;
        else status = BAD_SYMBOL;
        break;
      }
    }
    const length: usize = value(entry, saved);

    buffer |= load<u64>(source) << count;
    source += (63 - count) >> 3;
    count |= 56;
    entry = load<u32>((<usize>buffer & DISTANCE_MASK) << 2, DISTANCE_TABLE);
    if (entry & (POINTER | INVALID)) {
      if (entry & POINTER) {
        buffer >>= DISTANCE_BITS;
        count -= DISTANCE_BITS;
        entry = load<u32>(subtableIndex(entry, buffer), DISTANCE_TABLE);
      }
      if (entry & INVALID) {
        status = BAD_SYMBOL;
        break;
      }
    }
    const distance: usize = value(entry, buffer);
    buffer >>= entry & 255;
    count -= entry & 255;
    if (distance > target - oldest) {
      status = BAD_DISTANCE;
      break;
    }
    // The next symbol's entry, asked for before the copy so that it is there after it: at least 28 bits are left.
    entry = load<u32>((<usize>buffer & LITLEN_MASK) << 2, LITLEN_TABLE);
    buffer |= load<u64>(source) << count;
    source += (63 - count) >> 3;
    count |= 56;

    const end = target + length;
    let from = target - distance;
    if (distance >= 16) {
      // Nearly all matches end here, and a branch always taken costs less than a guess at the length.
      copy16(target, from);
      copy16(target + 16, from + 16);
      while (target + 32 < end) {
        from += 32;
        target += 32;
        copy16(target, from);
        copy16(target + 16, from + 16);
      }
    } else if (ASC_FEATURE_SIMD && distance === 1) {
      const run = i8x16.splat(load<u8>(from));
      do {
        v128.store(target, run);
        target += 16;
      } while (target < end);
    } else if (distance >= 8) {
      do {
        store<u64>(target, load<u64>(from));
        from += 8;
        target += 8;
      } while (target < end);
    } else {
      // Eight bytes are copied, of which only the first `distance` are right, since the rest were not there yet.
      do {
        store<u64>(target, load<u64>(from));
        from += distance;
        target += distance;
      } while (target < end);
    }
    target = end;
    if (source > fastEnd || target >= OUTPUT_LIMIT) break;
  }

  input = source;
  output = target;
  // Uncounted bits above `count` are input loaded early; the byte-wise refill needs them zero.
  bits = lowBits(buffer, count);
  bitCount = count;
  return status;
}

/** Decodes a symbol whole or not at all, so that a pause can come at any byte. */
function readCareful(): i32 {
  let source = input;
  const sourceEnd = inputEnd;
  let target = output;
  const oldest = history;
  let buffer = bits;
  let count = bitCount;
  let status = HAVE_OUTPUT;

  while (target < OUTPUT_LIMIT) {
    while (count < 56 && source < sourceEnd) {
      buffer |= (<u64>load<u8>(source)) << count;
      source++;
      count += 8;
    }

    let used: u32 = 0;
    let entry = load<u32>((<usize>buffer & LITLEN_MASK) << 2, LITLEN_TABLE);
    if (entry & POINTER) {
      used = LITLEN_BITS;
      entry = load<u32>(LITLEN_TABLE + subtableIndex(entry, buffer >> used));
    }
    let saved = buffer >> used;
    used += entry & 255;
    if (used > count) {
      status = NEED_INPUT;
      break;
    }
    if (entry & INVALID) {
      status = BAD_SYMBOL;
      break;
    }
    if (entry & (LITERAL | END)) {
      buffer >>= used;
      count -= used;
      if (entry & END) {
        status = NEXT;
        break;
      }
      store<u8>(target, entry >> 16);
      target++;
      continue;
    }
    const length: usize = value(entry, saved);

    entry = load<u32>(DISTANCE_TABLE + ((<usize>(buffer >> used) & DISTANCE_MASK) << 2));
    if (entry & POINTER) {
      used += DISTANCE_BITS;
      entry = load<u32>(DISTANCE_TABLE + subtableIndex(entry, buffer >> used));
    }
    saved = buffer >> used;
    used += entry & 255;
    if (used > count) {
      status = NEED_INPUT;
      break;
    }
    if (entry & INVALID) {
      status = BAD_SYMBOL;
      break;
    }
    const distance: usize = value(entry, saved);
    if (distance > target - oldest) {
      status = BAD_DISTANCE;
      break;
    }
    buffer >>= used;
    count -= used;
    for (const end = target + length; target < end; target++) {
      store<u8>(target, load<u8>(target - distance));
    }
  }

  input = source;
  output = target;
  bits = lowBits(buffer, count);
  bitCount = count;
  if (status === NEXT) step = BLOCK_HEADER;
  return status;
}

/** The byte offset in its table of the entry that a pointer and the bits after it lead to. */
function subtableIndex(pointer: u32, following: u64): usize {
  const mask = (1 << ((pointer >> 8) & 15)) - 1;
  return ((pointer >> 16) + (<u32>following & mask)) << 2;
}

/** A length or distance: its base and the extra bits that follow its code. */
function value(entry: u32, from: u64): u32 {
  const all = <u32>lowBits(from, entry & 255);
  return (entry >> 16) + (all >> ((entry >> 8) & 15));
}

function lowBits(from: u64, count: u32): u64 {
  return from & ~((<u64>-1) << count);
}
