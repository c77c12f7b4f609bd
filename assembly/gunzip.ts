/**
 * Reading gzip (RFC 1952): one member or many, each checked by CRC-32 and
 * length; zero bytes behind the last are padding, anything else is an error.
 *
 * Algorithm: a state machine that takes a member's header and trailer byte by
 * byte, and hands the rest to inflate.ts. The CRC is folded over each push's
 * output while it is still in the cache.
 *
 * ABI: as inflate.ts, with its input and output windows and statuses, but never
 * DONE, since another member may follow; `complete()` tells whether the input
 * may end here. At a block's beginning (AT_BLOCK) `memberCrc()` and
 * `memberLength()` belong to what inflate.ts says must be kept, and `resume` takes
 * them too.
 */
import { alignToByte, takeByte } from "./bit-reader";
import { step as crcStep, prepare as prepareCrc } from "./crc32";
import { crc32Long } from "./crc32-sparse";
import { beginStream, inflate, init as initInflate, resume as resumeInflate, supply } from "./inflate";
import { output } from "./output-window";
import {
  BAD_CRC,
  BAD_FLAGS,
  BAD_HEADER_CRC,
  BAD_LENGTH,
  BAD_MAGIC,
  BAD_METHOD,
  DONE,
  NEED_INPUT,
  TRAILING_DATA,
} from "./status";

// RFC 1952 §2.3.1
const FLAG_HEADER_CRC: u32 = 2;
const FLAG_EXTRA: u32 = 4;
const FLAG_NAME: u32 = 8;
const FLAG_COMMENT: u32 = 16;
const FLAGS_RESERVED: u32 = 0xe0;

// What the next byte is. Fields of fixed length count down in `left`.
const MEMBER: i32 = 0;
const MAGIC: i32 = 1;
const METHOD: i32 = 2;
const FLAGS: i32 = 3;
const TIME_AND_SYSTEM: i32 = 4;
const EXTRA_LENGTH: i32 = 5;
const EXTRA: i32 = 6;
const NAME: i32 = 7;
const COMMENT: i32 = 8;
const HEADER_CRC: i32 = 9;
const BODY: i32 = 10;
const CRC: i32 = 11;
const LENGTH: i32 = 12;
const PADDING: i32 = 13;

let place: i32 = MEMBER;
let left: u32 = 0;
let flags: u32 = 0;
/** A little-endian field being read, its newest byte on top. */
let field: u32 = 0;
let headerCrc: u32 = 0;
let members: u32 = 0;
let crc: u32 = 0;
let length: u32 = 0;

export function init(): void {
  initInflate();
  prepareCrc();
  place = MEMBER;
  members = 0;
}

/** Goes on inside a member, at a block's beginning. */
export function resume(history: u32, unread: u32, bits: u32, crcSoFar: u32, lengthSoFar: u32): void {
  init();
  resumeInflate(history, unread, bits);
  crc = crcSoFar;
  length = lengthSoFar;
  place = BODY;
}

/** The CRC-32 of the member's output so far. */
export function memberCrc(): u32 {
  return crc;
}

/** Bytes of the member's output so far, modulo 2^32. */
export function memberLength(): u32 {
  return length;
}

export function push(count: u32): i32 {
  supply(count);
  let status = DONE;
  while (status === DONE) status = place === BODY ? readBody() : readByte();
  return status;
}

/** True behind a member and in the padding. */
export function complete(): bool {
  return members > 0 && (place === MEMBER || place === PADDING);
}

function readBody(): i32 {
  const start = output;
  const status = inflate();
  const produced = <u32>(output - start);
  crc = crc32Long(start, produced, crc);
  length += produced;
  if (status === DONE) {
    alignToByte();
    expect(CRC, 4);
  }
  return status;
}

/** Takes one byte of what stands around the bodies; DONE if there may be more. */
function readByte(): i32 {
  const next = takeByte();
  if (next < 0) return NEED_INPUT;
  const byte = <u32>next;
  if (place < HEADER_CRC) headerCrc = crcStep(headerCrc, byte);
  field = (field >> 8) | (byte << 24);
  left--;
  switch (place) {
    case MEMBER:
      return beginMember(byte);
    case MAGIC:
      if (byte !== 0x8b) return BAD_MAGIC;
      place = METHOD;
      return DONE;
    case METHOD:
      if (byte !== 8) return BAD_METHOD;
      place = FLAGS;
      return DONE;
    case FLAGS:
      if (byte & FLAGS_RESERVED) return BAD_FLAGS;
      flags = byte;
      expect(TIME_AND_SYSTEM, 6);
      return DONE;
    case NAME:
    case COMMENT:
      if (byte === 0) optionalField(place + 1);
      return DONE;
    case PADDING:
      return byte === 0 ? DONE : TRAILING_DATA;
    default:
      return left > 0 ? DONE : endOfField();
  }
}

/** GNU gzip ignores zeros behind the last member, as tapes and block devices leave them; so do we. */
function beginMember(byte: u32): i32 {
  if (byte === 0x1f) {
    headerCrc = crcStep(~0, byte);
    place = MAGIC;
    return DONE;
  }
  if (members === 0) return BAD_MAGIC;
  place = PADDING;
  return byte === 0 ? DONE : TRAILING_DATA;
}

/** The last byte of a field of fixed length has been taken. */
function endOfField(): i32 {
  switch (place) {
    case TIME_AND_SYSTEM:
      optionalField(EXTRA_LENGTH);
      return DONE;
    case EXTRA_LENGTH:
      expect(EXTRA, field >> 16);
      if (left === 0) optionalField(NAME);
      return DONE;
    case EXTRA:
      optionalField(NAME);
      return DONE;
    case HEADER_CRC:
      if (field >> 16 !== (~headerCrc & 0xffff)) return BAD_HEADER_CRC;
      beginBody();
      return DONE;
    case CRC:
      if (field !== crc) return BAD_CRC;
      expect(LENGTH, 4);
      return DONE;
    default:
      if (field !== length) return BAD_LENGTH;
      members++;
      place = MEMBER;
      return DONE;
  }
}

/** Goes to the first field, from `candidate` on, that the header has. */
function optionalField(candidate: i32): void {
  if (candidate <= EXTRA_LENGTH && flags & FLAG_EXTRA) expect(EXTRA_LENGTH, 2);
  else if (candidate <= NAME && flags & FLAG_NAME) place = NAME;
  else if (candidate <= COMMENT && flags & FLAG_COMMENT) place = COMMENT;
  else if (flags & FLAG_HEADER_CRC) expect(HEADER_CRC, 2);
  else beginBody();
}

function beginBody(): void {
  beginStream();
  crc = 0;
  length = 0;
  place = BODY;
}

function expect(next: i32, bytes: u32): void {
  place = next;
  left = bytes;
}
