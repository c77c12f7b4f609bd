/**
 * DEFLATE decompression (RFC 1951), streaming, resumable at any byte of input.
 *
 * Algorithm: a state machine over a stream's blocks. Each step does what input and
 * output allow, and says where it stopped; at a pause everything unread is in the
 * bit buffer (bit-reader.ts), so that no input has to be kept. A block's codes are
 * read by code-lengths.ts, laid into tables by decode-table.ts, and its symbols
 * decoded by symbols.ts, where the time goes. The output is output-window.ts's.
 *
 * ABI: `init()`; write at most `INPUT_SIZE` bytes at `INPUT` and `push(n)`. It
 * answers a status (status.ts); in any case `outputLength()` bytes at
 * `outputStart()` are new, and valid until the next call. After HAVE_OUTPUT call
 * `push(0)` until it answers otherwise; only then give more input. `complete()`
 * tells whether the stream was over. gunzip.ts drives the same machine through
 * `supply`, `inflate` and the bit reader.
 *
 * Reading can be taken up at a block's beginning, where the only state is the bit
 * buffer and the history (Mark Adler's zran does so with zlib). After
 * `stopAtBlock()` the next one answers AT_BLOCK, once; there `unreadBits()`,
 * `historyStart()` and `historyLength()` are all there is to keep. `resume(n,
 * bits, count)` goes on, `n` bytes of history being at `HISTORY` and the rest of
 * the byte the block begins in being `bits`.
 */
import { continueBits, INPUT, need, resetBits, supplyInput, takeBits, unreadBits } from "./bit-reader";
import { beginCodes, readCodes, useFixedCodes } from "./code-lengths";
import { BLOCK_DYNAMIC, BLOCK_FIXED, BLOCK_STORED } from "./deflate-format";
import { forgetHistory, freeOutput, resetOutput } from "./output-window";
import { AT_BLOCK, BAD_BLOCK_TYPE, DONE, NEED_INPUT, NEXT, TRAILING_DATA } from "./status";
import { beginStored, readStored } from "./stored-block";
import { readSymbols } from "./symbols";

// The step to take next.
const HEADER: i32 = 0;
const STORED: i32 = 1;
const CODES: i32 = 2;
const SYMBOLS: i32 = 3;
const OVER: i32 = 4;

let step: i32 = HEADER;
let lastBlock: bool = false;
let stopping: bool = false;

export function init(): void {
  resetBits();
  resetOutput(0);
  stopping = false;
  beginStream();
}

/** A new stream in the same input and output, for the next gzip member. */
export function beginStream(): void {
  forgetHistory();
  step = HEADER;
  lastBlock = false;
}

/** Goes on at a block's beginning: `length` bytes of history are at HISTORY, `count` bits of input in `unread`. */
export function resume(length: u32, unread: u32, count: u32): void {
  init();
  resetOutput(length);
  continueBits(INPUT, unread, count);
}

/** Has the next block's beginning answer AT_BLOCK. */
export function stopAtBlock(): void {
  stopping = true;
}

/** Raw DEFLATE: nothing may follow its end. */
export function push(length: u32): i32 {
  supply(length);
  const status = inflate();
  return status === DONE && unreadBits() >= 8 ? TRAILING_DATA : status;
}

export function complete(): bool {
  return step === OVER;
}

/** Begins a push: takes `length` bytes at INPUT, frees the output window. */
export function supply(length: u32): void {
  if (length > 0) supplyInput(length);
  freeOutput();
}

/** Decompresses until input, output window or stream end. */
export function inflate(): i32 {
  let status = NEXT;
  while (status === NEXT) {
    switch (step) {
      case HEADER:
        status = readHeader();
        break;
      case STORED:
        status = readStored();
        if (status === NEXT) step = HEADER;
        break;
      case CODES:
        status = readCodes();
        if (status === NEXT) step = SYMBOLS;
        break;
      case SYMBOLS:
        status = readSymbols();
        if (status === NEXT) step = HEADER;
        break;
      default:
        return DONE;
    }
  }
  return status;
}

/** A block's header (RFC 1951 §3.2.3), or the stream's end. */
function readHeader(): i32 {
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
  switch (takeBits(2)) {
    case BLOCK_STORED:
      beginStored();
      step = STORED;
      return NEXT;
    case BLOCK_FIXED:
      useFixedCodes();
      step = SYMBOLS;
      return NEXT;
    case BLOCK_DYNAMIC:
      beginCodes();
      step = CODES;
      return NEXT;
    default:
      return BAD_BLOCK_TYPE;
  }
}
