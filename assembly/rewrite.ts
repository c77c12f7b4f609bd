/**
 * A layer's rewrite in one pass: decompress, walk the tar and set its times,
 * and leave the result where deflate.ts compresses it. What it writes is what
 * src/tar/normalise-timestamps.ts writes between gunzip.ts and gzip.ts, byte for
 * byte.
 *
 * Algorithm: a state machine over whatever the decompressor has just put out,
 * or over uncompressed input. Bodies are copied to the deflate chunk and not
 * looked at. A header is gathered in tar.ts's block, since decompressed bytes
 * cannot be changed where they are: later matches copy from them. What stands
 * before a member's header and speaks of it is extended-header.ts's.
 *
 * What it will not do it refuses: all that src/tar/head.ts refuses, damaged
 * gzip, and a few things that no writer makes. The caller then has the layer
 * done again by those files, which do it, or say what is wrong in their words.
 * So a doubtful case is refused here, and there is no second set of messages.
 *
 * What it saves is what lies between the steps, copies and the objects made for
 * each header: 23 % of the way to a tar, 15 % of the way to gzip (Node 24; see
 * docs/performance.md). Hashes are taken of views of this memory, by whatever
 * the host is fastest with. Headers alone would not be worth the crossing.
 *
 * ABI: `init(gzipped, seconds, clamp)`; write at most `INPUT_SIZE` bytes at
 * bit-reader.ts's `INPUT` and `push(n)`. It answers NEED_INPUT; or HAVE_SOURCE, when
 * what gunzip.ts has put out is new and can be hashed; or HAVE_CHUNK, when
 * `deflate.CHUNK` is full and more follows, to be hashed and compressed
 * (`gzip.push`) or taken as it is; or REFUSED. After the second and third call
 * `push(0)`. `end()` answers how much of the last chunk there is, or REFUSED.
 */
import { INPUT } from "./bit-reader";
import { CHUNK, CHUNK_SIZE } from "./deflate";
import {
  beginExtendedHeader,
  endExtendedHeader,
  forgetExtendedHeaders,
  hasExtendedHeaders,
  isExtendedHeader,
  kept,
  keptEnd,
  memberSize,
  namesDirectory,
  PAYLOAD,
  resetExtendedHeaders,
} from "./extended-header";
import { complete as gunzipComplete, init as gunzipInit, push as gunzipPush } from "./gunzip";
import { outputLength, outputStart } from "./output-window";
import { NO_SIZE, REFUSED } from "./pax";
import { HAVE_OUTPUT, NEED_INPUT, NEXT } from "./status";
import { BLOCK, BLOCK_SIZE, isDirectoryName, padded, parse, retime, size, TYPE } from "./tar";

/** HAVE_OUTPUT of the tar; gunzip.ts's is HAVE_SOURCE. */
const HAVE_CHUNK: i32 = HAVE_OUTPUT;
const HAVE_SOURCE: i32 = 2;
/** The walk has used up its input; with NEXT it goes on. */
const USED_UP: i32 = 101;

// The flags that matter; POSIX has 1 to 6 (links, devices, directories, pipes) without a body.
const FLAG_V7_FILE: u32 = 0;
const FLAG_HARDLINK: u32 = 0x31;
const FLAG_FIFO: u32 = 0x36;
const FLAG_SPARSE: u32 = 0x53; // S

// What the next byte is.
const HEADER: i32 = 0;
const EXTENSION: i32 = 1;
const BODY: i32 = 2;
const SECOND_ZERO_BLOCK: i32 = 3;
const TRAILING: i32 = 4;

let gzipped: bool = false;
let seconds: f64 = 0;
let clamp: bool = false;

/** Tar not yet walked over. */
let source: usize = INPUT;
let sourceEnd: usize = INPUT;
/** Input given and not yet decompressed. */
let given: u32 = 0;
/** The decompressor may have more to put out. */
let inflating: bool = false;

let place: i32 = HEADER;
/** Bytes of this place that are here, and that are still to come. */
let gathered: usize = 0;
let left: u64 = 0;

/** Headers that wait to be written. */
let pending: usize = BLOCK;
let pendingEnd: usize = BLOCK;
let filled: u32 = 0;

export function init(compressed: bool, to: f64, onlyLater: bool): void {
  gzipped = compressed;
  seconds = to;
  clamp = onlyLater;
  if (gzipped) gunzipInit();
  source = sourceEnd = INPUT;
  given = 0;
  inflating = false;
  pending = pendingEnd = BLOCK;
  filled = 0;
  resetExtendedHeaders();
  expect(HEADER, BLOCK_SIZE);
}

export function push(length: u32): i32 {
  if (length > 0) supply(length);
  const status = walk();
  if (status !== USED_UP) return status;
  if (!inflating) return NEED_INPUT;
  const inflated = gunzipPush(given);
  if (inflated < 0) return REFUSED;
  given = 0;
  inflating = inflated === HAVE_OUTPUT;
  source = outputStart();
  sourceEnd = source + outputLength();
  return source < sourceEnd ? HAVE_SOURCE : NEED_INPUT;
}

/** The bytes in the last chunk, or REFUSED if the archive may not end here. */
export function end(): i32 {
  if (gzipped && !gunzipComplete()) return REFUSED;
  const betweenMembers = place === HEADER && gathered === 0 && !hasExtendedHeaders();
  return betweenMembers || place === SECOND_ZERO_BLOCK || place === TRAILING ? <i32>filled : REFUSED;
}

function supply(length: u32): void {
  if (gzipped) {
    given = length;
    inflating = true;
  } else {
    source = INPUT;
    sourceEnd = INPUT + length;
  }
}

/** Goes on until the tar at hand is used up, the chunk is full and has to take more, or something is refused. */
function walk(): i32 {
  let status = NEXT;
  while (status === NEXT) {
    pending += write(pending, pendingEnd - pending);
    if (pending < pendingEnd) status = chunkFull();
    else if (source === sourceEnd) status = USED_UP;
    else status = place === HEADER ? gather(BLOCK) : place === EXTENSION ? gather(PAYLOAD) : pass();
  }
  return status;
}

/** Takes what there is of a header, and acts on it when it is whole. */
function gather(target: usize): i32 {
  const length = available();
  memory.copy(target + gathered, source, length);
  source += length;
  gathered += length;
  left -= length;
  if (left > 0) return NEXT;
  const accepted = place === HEADER ? endHeader() : endExtension();
  return accepted ? NEXT : REFUSED;
}

/** Passes on what no header is. */
function pass(): i32 {
  const length = available();
  if (place === SECOND_ZERO_BLOCK && !isZero(source, length)) return REFUSED;
  const written = write(source, length);
  source += written;
  left -= written;
  if (left === 0) endBody();
  return written < length ? chunkFull() : NEXT;
}

/** Bytes at hand of this place. */
function available(): usize {
  return <usize>min(left, <u64>(sourceEnd - source));
}

/** Copies what the chunk has room for; returns how much. */
function write(from: usize, length: usize): usize {
  const fitting = min(length, <usize>(CHUNK_SIZE - filled));
  memory.copy(CHUNK + filled, from, fitting);
  filled += <u32>fitting;
  return fitting;
}

function chunkFull(): i32 {
  filled = 0;
  return HAVE_CHUNK;
}

function expect(next: i32, bytes: u64): void {
  place = next;
  gathered = 0;
  left = bytes;
}

/** A body is to come; there may be none. */
function expectBody(bytes: u64): void {
  if (bytes > 0) expect(BODY, bytes);
  else expect(HEADER, BLOCK_SIZE);
}

function endBody(): void {
  if (place === BODY) expect(HEADER, BLOCK_SIZE);
  else expect(TRAILING, u64.MAX_VALUE);
}

function endHeader(): bool {
  if (isZero(BLOCK, BLOCK_SIZE)) {
    writeBlock();
    // GNU tar stops at a lone zero block, others read on: a second one must follow, or nothing.
    expect(SECOND_ZERO_BLOCK, BLOCK_SIZE);
    return !hasExtendedHeaders();
  }
  if (parse() !== 0) return false;
  const flag = <u32>load<u8>(BLOCK + TYPE);
  const bytes = size();
  // Before the rest of the block changes; that what is refused below changes too does no harm.
  if (retime(seconds, clamp) !== 0) return false;
  if (isExtendedHeader(flag)) return beginExtension(flag, bytes);
  return flag !== FLAG_SPARSE && beginMember(flag, bytes);
}

function beginExtension(flag: u32, bytes: f64): bool {
  if (!beginExtendedHeader(flag, bytes)) return false;
  expect(EXTENSION, padded(<u64>bytes));
  return left > 0 || endExtension();
}

function endExtension(): bool {
  const accepted = endExtendedHeader(seconds, clamp);
  pending = kept;
  pendingEnd = keptEnd;
  expect(HEADER, BLOCK_SIZE);
  return accepted;
}

function beginMember(flag: u32, sizeField: f64): bool {
  const bytes = memberSize === NO_SIZE ? sizeField : memberSize;
  // Some readers take the name's word (no body), others the flag's.
  if (flag === FLAG_V7_FILE && bytes > 0 && (namesDirectory || isDirectoryName())) return false;
  writeBlock();
  forgetExtendedHeaders();
  expectBody(flag >= FLAG_HARDLINK && flag <= FLAG_FIFO ? 0 : padded(<u64>bytes));
  return true;
}

function writeBlock(): void {
  pending = BLOCK;
  pendingEnd = BLOCK + BLOCK_SIZE;
}

function isZero(from: usize, length: usize): bool {
  const end = from + length;
  let byte = from;
  while (byte < end && load<u8>(byte) === 0) byte++;
  return byte === end;
}
