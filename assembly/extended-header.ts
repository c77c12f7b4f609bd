/**
 * The headers that stand before a member's own and speak of it: PAX records
 * (POSIX.1-2017 pax, "x" and, of all that follow, "g"), and GNU's long name and
 * link. What they say of the member is kept until its header comes.
 *
 * One is gathered whole at `PAYLOAD`, its block being tar.ts's, for new times can
 * change its length and so the block; it goes altogether if nothing but dropped
 * times stood in it. What is to be written then is at `kept`.
 */
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
import { BLOCK, BLOCK_SIZE, padded, setSize } from "./tar";

const LONG_LINK: u32 = 0x4b; // K
const LONG_NAME: u32 = 0x4c; // L
const GLOBAL: u32 = 0x67; // g
const PAX: u32 = 0x78; // x

// Which of them there were since the last member.
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
const WINDOW: usize = memory.data(1115648, 16);
const WRITTEN: usize = WINDOW + BLOCK_SIZE;
export const PAYLOAD: usize = WRITTEN + GROWTH;

let seen: u32 = 0;
let flag: u32 = 0;
let length: u32 = 0;
/** Of all global headers so far. */
let globalLength: u32 = 0;

/** What they say of the member that follows: its size, or NO_SIZE. */
export let memberSize: f64 = NO_SIZE;
/** That its name ends as a directory's. */
export let namesDirectory: bool = false;

/** Where the last one stands as it is to be written; empty if it goes. */
export let kept: usize = BLOCK;
export let keptEnd: usize = BLOCK;

/** At an archive's beginning. */
export function resetExtendedHeaders(): void {
  globalLength = 0;
  forgetExtendedHeaders();
}

/** The member they spoke of has come. */
export function forgetExtendedHeaders(): void {
  seen = 0;
  memberSize = NO_SIZE;
  namesDirectory = false;
}

/** True where a member must follow. */
export function hasExtendedHeaders(): bool {
  return seen !== 0;
}

export function isExtendedHeader(type: u32): bool {
  return kindOf(type) !== 0;
}

/** One of `bytes` bytes follows, and must be gathered with its padding; false where it is refused. */
export function beginExtendedHeader(type: u32, bytes: f64): bool {
  const kind = kindOf(type);
  if (bytes > <f64>MAX_PAX_SIZE) return false;
  // Of global headers there may be any number, but not between a member's own; of those one of a kind.
  if (kind === SEEN_GLOBAL ? seen & ~SEEN_GLOBAL : seen & kind) return false;
  seen |= kind;
  flag = type;
  length = <u32>bytes;
  return true;
}

/** It has been gathered; its times are set, as tar.ts's `retime` does. False where it is refused. */
export function endExtendedHeader(seconds: f64, clamp: bool): bool {
  kept = keptEnd = BLOCK;
  if (flag === LONG_NAME || flag === LONG_LINK) keepLongName();
  else if (!keepRecords(<u64>seconds, clamp)) return false;
  return seesOneName();
}

function kindOf(type: u32): u32 {
  switch (type) {
    case PAX:
      return SEEN_PAX;
    case LONG_NAME:
      return SEEN_LONG_NAME;
    case LONG_LINK:
      return SEEN_LONG_LINK;
    case GLOBAL:
      return SEEN_GLOBAL;
    default:
      return 0;
  }
}

/** A block and a payload as they are. */
function keepLongName(): void {
  if (flag === LONG_NAME && endsInSlash(PAYLOAD, length)) namesDirectory = true;
  memory.copy(PAYLOAD - BLOCK_SIZE, BLOCK, BLOCK_SIZE);
  kept = PAYLOAD - BLOCK_SIZE;
  keptEnd = PAYLOAD + <usize>padded(length);
}

function keepRecords(seconds: u64, clamp: bool): bool {
  const written = retimeRecords(PAYLOAD, length, WRITTEN, seconds, clamp);
  if (written === REFUSED) return false;
  if (flag === GLOBAL) {
    globalLength += length;
    if (globalLength > MAX_PAX_SIZE || hasOfOneMember()) return false;
  } else {
    memberSize = sizeRecord();
    if (isDirectoryPath()) namesDirectory = true;
    if (hasPath()) seen |= SEEN_PATH;
    if (hasLinkpath()) seen |= SEEN_LINKPATH;
  }
  if (length === 0 || written > 0) padRecords(written);
  return true;
}

/** Completes the records at WRITTEN; with their own padding, if they are as long as they were. */
function padRecords(written: u32): void {
  const end = WRITTEN + written;
  const padding = <usize>padded(written) - written;
  if (written === length) {
    memory.copy(end, PAYLOAD + written, padding);
  } else {
    setSize(written);
    memory.fill(end, 0, padding);
  }
  memory.copy(WINDOW, BLOCK, BLOCK_SIZE);
  kept = WINDOW;
  keptEnd = end + padding;
}

/** False where a member is named both by a GNU and by a PAX header. */
function seesOneName(): bool {
  const names = SEEN_PATH | SEEN_LONG_NAME;
  const links = SEEN_LINKPATH | SEEN_LONG_LINK;
  return (seen & names) !== names && (seen & links) !== links;
}

/** Of a text that ends at the first NUL, if there is one. */
function endsInSlash(text: usize, size: usize): bool {
  let last: u32 = 0;
  for (let i = text; i < text + size && load<u8>(i) !== 0; i++) last = load<u8>(i);
  return last === SLASH;
}
