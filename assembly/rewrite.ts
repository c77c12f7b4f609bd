/**
 * A layer's rewrite in one pass: decompress, walk the tar and set its times,
 * and leave the result where deflate.ts compresses it. What it writes is what
 * src/tar/normalise-timestamps.ts writes between gunzip.ts and gzip.ts, byte for
 * byte.
 *
 * Algorithm: a state machine over whatever the decompressor has just put out,
 * or over uncompressed input. Bodies are copied to the deflate chunk and not
 * looked at. A header is gathered in tar.ts's block, since decompressed bytes
 * cannot be changed where they are: later matches copy from them. An extended
 * header is gathered whole, for its times can change its length and so its own
 * header, and it goes altogether if nothing but dropped times stood in it.
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
import { complete as gunzipComplete, init as gunzipInit, push as gunzipPush } from "./gunzip";
import { outputLength, outputStart } from "./output-window";
import {
  hasLinkpath,
  hasOfOneMember,
  hasPath,
  isDirectoryPath,
  MAX_PAX_SIZE,
  NO_SIZE,
  REFUSED,
  retimeRecords,
  sizeRecord,
} from "./pax";
import { HAVE_OUTPUT, NEED_INPUT } from "./status";
import { BLOCK, BLOCK_SIZE, isDirectoryName, parse, retime, setSize, size, TYPE } from "./tar";

/** HAVE_OUTPUT of the tar; gunzip.ts's is HAVE_SOURCE. */
const HAVE_CHUNK: i32 = HAVE_OUTPUT;
const HAVE_SOURCE: i32 = 2;
/** The walk goes on, or has used up its input. */
const NEXT: i32 = 100;
const USED_UP: i32 = 101;

// The flags that matter; POSIX has 1 to 6 (links, devices, directories, pipes) without a body.
const FLAG_V7_FILE: u32 = 0;
const FLAG_HARDLINK: u32 = 0x31;
const FLAG_FIFO: u32 = 0x36;
const FLAG_LONG_LINK: u32 = 0x4b; // K
const FLAG_LONG_NAME: u32 = 0x4c; // L
const FLAG_SPARSE: u32 = 0x53; // S
const FLAG_GLOBAL: u32 = 0x67; // g
const FLAG_PAX: u32 = 0x78; // x

// What the next byte is.
const HEADER: i32 = 0;
const EXTENSION: i32 = 1;
const BODY: i32 = 2;
const SECOND_ZERO_BLOCK: i32 = 3;
const TRAILING: i32 = 4;

// Extended headers since the last member.
const SEEN_PAX: u32 = 1;
const SEEN_LONG_NAME: u32 = 2;
const SEEN_LONG_LINK: u32 = 4;
const SEEN_GLOBAL: u32 = 8;
// And what the records of those said.
const SEEN_PATH: u32 = 16;
const SEEN_LINKPATH: u32 = 32;

const SLASH: u32 = 0x2f;

/** By how much an extended header's records may outgrow what was read of them. */
const GROWTH: usize = 64 * 1024;
// An extended header as it is written, GROWTH, and as it was read; the two may overlap. Both have padding.
const EXTENSION_WINDOW: usize = memory.data(1115648, 16);
const WRITTEN: usize = EXTENSION_WINDOW + BLOCK_SIZE;
const READ: usize = WRITTEN + GROWTH;

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

let seen: u32 = 0;
let extensionFlag: u32 = 0;
let extensionSize: u32 = 0;
let globalSize: u32 = 0;
// What the extended headers say of the member that follows.
let memberSize: f64 = NO_SIZE;
let directory: bool = false;

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
  globalSize = 0;
  forgetExtensions();
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
  const betweenMembers = place === HEADER && gathered === 0 && seen === 0;
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
    else status = place === HEADER ? gather(BLOCK) : place === EXTENSION ? gather(READ) : pass();
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
    return seen === 0;
  }
  if (parse() !== 0) return false;
  const flag = <u32>load<u8>(BLOCK + TYPE);
  const bytes = size();
  // Before the rest of the block changes; that what is refused below changes too does no harm.
  if (retime(seconds, clamp) !== 0) return false;
  switch (flag) {
    case FLAG_PAX:
      return beginExtension(flag, bytes, SEEN_PAX);
    case FLAG_LONG_NAME:
      return beginExtension(flag, bytes, SEEN_LONG_NAME);
    case FLAG_LONG_LINK:
      return beginExtension(flag, bytes, SEEN_LONG_LINK);
    case FLAG_GLOBAL:
      return beginExtension(flag, bytes, SEEN_GLOBAL);
    case FLAG_SPARSE:
      return false;
    default:
      return beginMember(flag, bytes);
  }
}

function beginMember(flag: u32, sizeField: f64): bool {
  const bytes = memberSize === NO_SIZE ? sizeField : memberSize;
  // Some readers take the name's word (no body), others the flag's.
  if (flag === FLAG_V7_FILE && bytes > 0 && (directory || isDirectoryName())) return false;
  writeBlock();
  forgetExtensions();
  expectBody(flag >= FLAG_HARDLINK && flag <= FLAG_FIFO ? 0 : padded(<u64>bytes));
  return true;
}

function beginExtension(flag: u32, bytes: f64, kind: u32): bool {
  if (bytes > <f64>MAX_PAX_SIZE) return false;
  // Of global headers there may be any number, but not between a member's own; of those one of a kind.
  if (kind === SEEN_GLOBAL ? seen & ~SEEN_GLOBAL : seen & kind) return false;
  seen |= kind;
  extensionFlag = flag;
  extensionSize = <u32>bytes;
  expect(EXTENSION, padded(<u64>extensionSize));
  return left > 0 || endExtension();
}

function endExtension(): bool {
  const kept = extensionFlag === FLAG_PAX || extensionFlag === FLAG_GLOBAL ? endRecords() : endLongName();
  expect(HEADER, BLOCK_SIZE);
  return kept;
}

/** GNU's long name or link: a header and a payload as they are. */
function endLongName(): bool {
  if (extensionFlag === FLAG_LONG_NAME && endsInSlash(READ, extensionSize)) directory = true;
  memory.copy(READ - BLOCK_SIZE, BLOCK, BLOCK_SIZE);
  pending = READ - BLOCK_SIZE;
  pendingEnd = READ + <usize>padded(extensionSize);
  return seesOneName();
}

function endRecords(): bool {
  const length = retimeRecords(READ, extensionSize, WRITTEN, <u64>seconds, clamp);
  if (length === REFUSED) return false;
  if (extensionFlag === FLAG_GLOBAL) {
    globalSize += extensionSize;
    if (globalSize > MAX_PAX_SIZE || hasOfOneMember()) return false;
  } else {
    memberSize = sizeRecord();
    if (isDirectoryPath()) directory = true;
    if (hasPath()) seen |= SEEN_PATH;
    if (hasLinkpath()) seen |= SEEN_LINKPATH;
  }
  if (extensionSize === 0 || length > 0) writeRecords(length);
  return seesOneName();
}

/** The extended header with the records at WRITTEN; with its own padding, if they are as long as they were. */
function writeRecords(length: u32): void {
  const end = WRITTEN + length;
  const padding = <usize>padded(length) - length;
  if (length === extensionSize) {
    memory.copy(end, READ + length, padding);
  } else {
    setSize(length);
    memory.fill(end, 0, padding);
  }
  memory.copy(EXTENSION_WINDOW, BLOCK, BLOCK_SIZE);
  pending = EXTENSION_WINDOW;
  pendingEnd = end + padding;
}

/** False where a member is named both by a GNU and by a PAX header. */
function seesOneName(): bool {
  const names = SEEN_PATH | SEEN_LONG_NAME;
  const links = SEEN_LINKPATH | SEEN_LONG_LINK;
  return (seen & names) !== names && (seen & links) !== links;
}

function forgetExtensions(): void {
  seen = 0;
  memberSize = NO_SIZE;
  directory = false;
}

function writeBlock(): void {
  pending = BLOCK;
  pendingEnd = BLOCK + BLOCK_SIZE;
}

/** Whole blocks. */
function padded(bytes: u64): u64 {
  return (bytes + BLOCK_SIZE - 1) & ~(<u64>BLOCK_SIZE - 1);
}

/** Of a text that ends at the first NUL, if there is one. */
function endsInSlash(text: usize, length: usize): bool {
  let last: u32 = 0;
  for (let i = text; i < text + length && load<u8>(i) !== 0; i++) last = load<u8>(i);
  return last === SLASH;
}

function isZero(from: usize, length: usize): bool {
  const end = from + length;
  let byte = from;
  while (byte < end && load<u8>(byte) === 0) byte++;
  return byte === end;
}
