/**
 * Tar header blocks (POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar
 * manual, "Basic Tar Format"): read, write, and set to another time.
 *
 * Numbers are octal text, or base-256: two's complement, big-endian, marked by
 * the first bit, as GNU tar writes what octal cannot hold. The checksum is the
 * sum of the block's bytes with its own field as spaces; old writers summed
 * signed bytes, so both sums are accepted.
 *
 * The GNU dialect (magic "ustar", two spaces, NUL) has access and change time
 * where ustar has the prefix. Go before 1.8 wrote a prefix there all the same,
 * into images that are still pulled: text in place of the times is taken for
 * one, as Go's own reader does.
 *
 * ABI: the block is at `BLOCK`. `parse()` answers 0 or the offset of the field
 * that is wrong, and fills `NUMBERS` (f64: mode, uid, gid, size, mtime,
 * devmajor, devminor), `LENGTHS` (u32: bytes of name, linkname, uname, gname,
 * prefix) and `format()`. `encode()` expects the texts and the type flag in
 * place and the rest zero, takes NUMBERS, and answers likewise. `retime()`
 * changes the block in place.
 */

export const BLOCK_SIZE: usize = 512;
export const BLOCK: usize = memory.data(512, 16);
export const NUMBERS: usize = memory.data(56, 16);
export const LENGTHS: usize = memory.data(20, 16);

const NAME: usize = 0;
const MODE: usize = 100;
const UID: usize = 108;
const GID: usize = 116;
const SIZE: usize = 124;
const MTIME: usize = 136;
const CHECKSUM: usize = 148;
export const TYPE: usize = 156;
const LINKNAME: usize = 157;
const MAGIC: usize = 257;
const UNAME: usize = 265;
const GNAME: usize = 297;
const DEVMAJOR: usize = 329;
const DEVMINOR: usize = 337;
const PREFIX: usize = 345;
const GNU_ATIME: usize = 345;
const GNU_CTIME: usize = 357;

const NAME_LENGTH: usize = 100;
const OWNER_LENGTH: usize = 32;
const PREFIX_LENGTH: usize = 155;
/** Numbers are of two sizes: size and times, and all others. */
const LONG: usize = 12;
const SHORT: usize = 8;

// The magic and version, "ustar\0" "00" or "ustar  \0", in little-endian words.
const USTA: u32 = 0x61747375;
const R_NUL: u16 = 0x0072;
const R_NUL_00: u32 = 0x30300072;
const R_SPACES_NUL: u32 = 0x00202072;

const FORMAT_V7: i32 = 0;
const FORMAT_USTAR: i32 = 1;
const FORMAT_GNU: i32 = 2;

const OK: usize = 0;

/** What no field holds: malformed, or too large to be exact as f64. */
const MALFORMED: i64 = i64.MIN_VALUE;
const SAFE_LIMIT: i64 = 1 << 53;

let dialect: i32 = FORMAT_V7;

/** 0 v7, 1 ustar, 2 GNU. */
export function format(): i32 {
  return dialect;
}

export function parse(): usize {
  const stored = readNumber(CHECKSUM, SHORT);
  if (stored !== unsignedSum() && stored !== signedSum()) return CHECKSUM;
  dialect = readFormat();
  const extended = dialect !== FORMAT_V7;
  setLength(0, textLength(NAME, NAME_LENGTH));
  setLength(1, textLength(LINKNAME, NAME_LENGTH));
  setLength(2, extended ? textLength(UNAME, OWNER_LENGTH) : 0);
  setLength(3, extended ? textLength(GNAME, OWNER_LENGTH) : 0);
  setLength(4, prefixLength());
  if (!parseNumber(0, MODE, SHORT)) return MODE;
  if (!parseNumber(1, UID, SHORT)) return UID;
  if (!parseNumber(2, GID, SHORT)) return GID;
  if (!parseNumber(3, SIZE, LONG) || number(3) < 0) return SIZE;
  if (!parseNumber(4, MTIME, LONG)) return MTIME;
  setNumber(5, 0);
  setNumber(6, 0);
  if (extended && !parseNumber(5, DEVMAJOR, SHORT)) return DEVMAJOR;
  if (extended && !parseNumber(6, DEVMINOR, SHORT)) return DEVMINOR;
  return OK;
}

export function encode(): usize {
  if (!writeNumber(MODE, SHORT, number(0))) return MODE;
  if (!writeNumber(UID, SHORT, number(1))) return UID;
  if (!writeNumber(GID, SHORT, number(2))) return GID;
  if (!writeNumber(SIZE, LONG, number(3))) return SIZE;
  if (!writeNumber(MTIME, LONG, number(4))) return MTIME;
  if (!writeNumber(DEVMAJOR, SHORT, number(5))) return DEVMAJOR;
  if (!writeNumber(DEVMINOR, SHORT, number(6))) return DEVMINOR;
  store<u32>(BLOCK + MAGIC, USTA);
  store<u32>(BLOCK + MAGIC, R_NUL_00, 4);
  writeChecksum();
  return OK;
}

/** Sets every time of the block to `seconds`, or only those later if `clamp`. */
export function retime(seconds: f64, clamp: bool): usize {
  let changed = false;
  if (clamp && readNumber(MTIME, LONG) === MALFORMED) return MTIME;
  if (!clamp || isLater(MTIME, seconds)) {
    if (!writeNumber(MTIME, LONG, seconds)) return MTIME;
    changed = true;
  }
  if (readFormat() === FORMAT_GNU && hasGnuTimes()) {
    for (let field = GNU_ATIME; field <= GNU_CTIME; field += LONG) {
      if (isAbsent(field) || (clamp && !isLater(field, seconds))) continue;
      if (!writeNumber(field, LONG, seconds)) return MTIME;
      changed = true;
    }
  }
  // A block in which no time was late keeps every byte.
  if (changed) writeChecksum();
  return OK;
}

/** The size that `parse` has read. */
export function size(): f64 {
  return number(3);
}

/** A body's bytes in whole blocks. */
export function padded(bytes: u64): u64 {
  return (bytes + BLOCK_SIZE - 1) & ~(<u64>BLOCK_SIZE - 1);
}

/** Writes a size that the field can hold. */
export function setSize(bytes: u32): void {
  writeOctal(SIZE, LONG - 1, bytes);
  writeChecksum();
}

/** Whether the name that `parse` has read, prefix included, ends in "/": v7's sign of a directory. */
export function isDirectoryName(): bool {
  const length = <usize>load<u32>(LENGTHS);
  return length > 0 ? load<u8>(BLOCK + NAME + length - 1) === 0x2f : load<u32>(LENGTHS, 16) > 0;
}

function readFormat(): i32 {
  if (load<u32>(BLOCK + MAGIC) !== USTA) return FORMAT_V7;
  if (load<u32>(BLOCK + MAGIC, 4) === R_SPACES_NUL) return FORMAT_GNU;
  // The version is "00", but not every writer put it there.
  return load<u16>(BLOCK + MAGIC, 4) === R_NUL ? FORMAT_USTAR : FORMAT_V7;
}

function prefixLength(): usize {
  if (dialect === FORMAT_V7) return 0;
  const length = textLength(PREFIX, PREFIX_LENGTH);
  if (dialect === FORMAT_USTAR) return length;
  return hasGnuTimes() || !isAscii(PREFIX, length) ? 0 : length;
}

function hasGnuTimes(): bool {
  return readNumber(GNU_ATIME, LONG) !== MALFORMED && readNumber(GNU_CTIME, LONG) !== MALFORMED;
}

function isAbsent(field: usize): bool {
  return (load<u64>(BLOCK + field) | load<u32>(BLOCK + field, 8)) === 0;
}

function isLater(field: usize, seconds: f64): bool {
  return <f64>readNumber(field, LONG) > seconds;
}

function isAscii(field: usize, length: usize): bool {
  for (let at = BLOCK + field; at < BLOCK + field + length; at++) {
    if (load<u8>(at) >= 0x80) return false;
  }
  return true;
}

/** Bytes before the first NUL, or all. */
function textLength(field: usize, limit: usize): usize {
  let length: usize = 0;
  while (length < limit && load<u8>(BLOCK + field + length) !== 0) length++;
  return length;
}

function setLength(index: usize, length: usize): void {
  store<u32>(LENGTHS + (index << 2), <u32>length);
}

function number(index: usize): f64 {
  return load<f64>(NUMBERS + (index << 3));
}

function setNumber(index: usize, value: f64): void {
  store<f64>(NUMBERS + (index << 3), value);
}

function parseNumber(index: usize, field: usize, length: usize): bool {
  const value = readNumber(field, length);
  setNumber(index, <f64>value);
  return value !== MALFORMED;
}

function readNumber(field: usize, length: usize): i64 {
  return load<u8>(BLOCK + field) & 0x80 ? readBase256(field, length) : readOctal(field, length);
}

function readBase256(field: usize, length: usize): i64 {
  // The sign is the second bit: the first marks the form.
  let value = ((<i64>load<i8>(BLOCK + field)) << 57) >> 57;
  for (let at = BLOCK + field + 1; at < BLOCK + field + length; at++) {
    value = (value << 8) | <i64>load<u8>(at);
    if (value >= SAFE_LIMIT || value <= -SAFE_LIMIT) return MALFORMED;
  }
  return value;
}

/** Leading spaces, octal digits, then a space, a NUL or the field's end. A blank field is 0. */
function readOctal(field: usize, length: usize): i64 {
  let at = BLOCK + field;
  const end = at + length;
  while (at < end && load<u8>(at) === 0x20) at++;
  let value: i64 = 0;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37) return MALFORMED;
    value = (value << 3) | (byte - 0x30);
  }
  return value;
}

/** Octal digits with leading zeros, then NUL; false if the value does not fit. */
function writeNumber(field: usize, length: usize, value: f64): bool {
  const digits = length - 1;
  // A value that is not a number fails the first comparison.
  if (!(value >= 0 && value < <f64>((<u64>1) << (3 * digits)) && floor(value) === value)) return false;
  writeOctal(field, digits, <u64>value);
  return true;
}

function writeOctal(field: usize, digits: usize, value: u64): void {
  let rest = value;
  for (let at = digits; at > 0; at--) {
    store<u8>(BLOCK + field + at - 1, 0x30 + <u32>(rest & 7));
    rest >>= 3;
  }
  store<u8>(BLOCK + field + digits, 0);
}

/** Six octal digits, NUL, space: the form every writer uses. */
function writeChecksum(): void {
  writeOctal(CHECKSUM, 6, unsignedSum());
  store<u8>(BLOCK + CHECKSUM + 7, 0x20);
}

function unsignedSum(): i64 {
  let sum: i64 = 0;
  for (let at = BLOCK; at < BLOCK + BLOCK_SIZE; at++) sum += load<u8>(at);
  for (let at = BLOCK + CHECKSUM; at < BLOCK + CHECKSUM + SHORT; at++) sum += 0x20 - <i64>load<u8>(at);
  return sum;
}

function signedSum(): i64 {
  let sum: i64 = 0;
  for (let at = BLOCK; at < BLOCK + BLOCK_SIZE; at++) sum += load<i8>(at);
  for (let at = BLOCK + CHECKSUM; at < BLOCK + CHECKSUM + SHORT; at++) sum += 0x20 - <i64>load<i8>(at);
  return sum;
}
