/**
 * PAX records (POSIX.1-2017 pax, "pax Extended Header") set to another time:
 * `LENGTH KEY=VALUE\n` one after the other, LENGTH counting all of its record.
 *
 * The rules are src/tar/normalise-timestamps.ts's and, for what a reader makes
 * of a record, src/tar/head.ts's. Set: mtime becomes the plain second, and the
 * times that images do not need go. Clamp: a later time becomes the second. All
 * other records keep their bytes.
 *
 * Where those files would refuse, so does this one, and it may refuse more: a
 * value is checked even where a later record replaces it, since its caller then
 * does the work again by those files (rewrite.ts).
 *
 * ABI, inside the module only: `retimeRecords` reads at one place and writes at
 * another that lies before it, perhaps less far than the records are long; what
 * it met on the way (`sizeRecord()`, `hasPath()`, …) stands until the next call.
 */

/** An extended header's payload is no longer than this: src/tar/pax.ts's MAX_PAX_SIZE. */
export const MAX_PAX_SIZE: u32 = 1 << 20;

export const REFUSED: i32 = -1;

/** No size record is in force. */
export const NO_SIZE: f64 = -1;

const MAX_LENGTH_DIGITS: usize = 9;
/** Of any count this long f64 is exact. */
const MAX_COUNT_DIGITS: usize = 15;
const MAX_TIME_DIGITS: usize = 30;
/** Later than what any header holds, and ten times it is still a u64. */
const LATEST: u64 = 1 << 50;

const NEWLINE: u32 = 0x0a;
const SPACE: u32 = 0x20;
const MINUS: u32 = 0x2d;
const POINT: u32 = 0x2e;
const SLASH: u32 = 0x2f;
const EQUALS: u32 = 0x3d;

let size: f64 = NO_SIZE;
let path: bool = false;
let slash: bool = false;
let linkpath: bool = false;
let ofOneMember: bool = false;

/** The size record in force, or NO_SIZE. */
export function sizeRecord(): f64 {
  return size;
}

export function hasPath(): bool {
  return path;
}

export function hasLinkpath(): bool {
  return linkpath;
}

/** Whether the path ends in "/". */
export function isDirectoryPath(): bool {
  return slash;
}

/** Whether there is a record that no global header may have, be it one without a value. */
export function hasOfOneMember(): bool {
  return ofOneMember;
}

/** Writes the records at `from` to `target` with their times changed; returns their length, or REFUSED. */
export function retimeRecords(from: usize, length: u32, target: usize, seconds: u64, clamp: bool): i32 {
  size = NO_SIZE;
  path = slash = linkpath = ofOneMember = false;
  const end = from + length;
  let at = from;
  let written = target;
  while (at < end) {
    const space = endOfDigits(at, min(end, at + MAX_LENGTH_DIGITS + 1));
    if (space === at || space === end || load<u8>(space) !== SPACE) return REFUSED;
    const next = at + <usize>readDigits(at, space);
    if (next <= space || next > end || load<u8>(next - 1) !== NEWLINE) return REFUSED;
    const key = space + 1;
    const equals = find(key, next, EQUALS);
    if (equals === next || equals === key) return REFUSED;
    const value = equals + 1;
    if (!check(key, equals, value, next - 1)) return REFUSED;

    const change = isTime(key, equals) ? changeOf(key, equals, value, next - 1, seconds, clamp) : KEEP;
    if (change === REFUSED) return REFUSED;
    if (change === KEEP) {
      memory.copy(written, at, next - at);
      written += next - at;
    } else if (change === SET) {
      const record = lengthOfRecord(equals - key, decimalDigits(seconds));
      // A record that grows must not reach what is still to be read.
      if (written + record > at) return REFUSED;
      writeRecord(written, record, key, equals - key, seconds);
      written += record;
    }
    at = next;
  }
  const total = <u32>(written - target);
  return total > MAX_PAX_SIZE ? REFUSED : <i32>total;
}

const KEEP: i32 = 0;
const SET: i32 = 1;
const DROP: i32 = 2;

function changeOf(key: usize, keyEnd: usize, from: usize, to: usize, seconds: u64, clamp: bool): i32 {
  // An empty value takes a global time away, which is no time to change.
  const later = from < to ? isLater(from, to, seconds) : 0;
  if (later < 0) return REFUSED;
  if (clamp) return later > 0 ? SET : KEEP;
  return isKey(key, keyEnd, "mtime") ? SET : DROP;
}

function isTime(key: usize, end: usize): bool {
  return (
    isKey(key, end, "mtime") ||
    isKey(key, end, "atime") ||
    isKey(key, end, "ctime") ||
    isKey(key, end, "LIBARCHIVE.creationtime")
  );
}

/** 1 if the decimal is after `seconds`, 0 if not, below 0 if it is none. */
function isLater(from: usize, to: usize, seconds: u64): i32 {
  const negative = load<u8>(from) === MINUS;
  const start = negative ? from + 1 : from;
  const point = endOfDigits(start, to);
  if (point === start || point - start > MAX_TIME_DIGITS) return -1;
  let fraction = false;
  if (point < to) {
    if (load<u8>(point) !== POINT || endOfDigits(point + 1, to) !== to) return -1;
    for (let at = point + 1; at < to; at++) if (load<u8>(at) !== 0x30) fraction = true;
  }
  if (negative) return 0;
  const whole = readDigits(start, point);
  return whole > seconds || (whole === seconds && fraction) ? 1 : 0;
}

/** Whether a reader accepts the value; notes what decides over the member. An empty one takes the record away. */
function check(key: usize, keyEnd: usize, value: usize, end: usize): bool {
  const given = value < end;
  if (isKey(key, keyEnd, "path")) {
    ofOneMember = true;
    path = given;
    slash = given && load<u8>(end - 1) === SLASH;
    return isText(value, end);
  }
  if (isKey(key, keyEnd, "linkpath")) {
    ofOneMember = true;
    linkpath = given;
    return isText(value, end);
  }
  if (isKey(key, keyEnd, "size")) {
    ofOneMember = true;
    if (!isCount(value, end)) return false;
    size = given ? <f64>readDigits(value, end) : NO_SIZE;
    return true;
  }
  if (isKey(key, keyEnd, "uname") || isKey(key, keyEnd, "gname")) return isText(value, end);
  if (isKey(key, keyEnd, "uid") || isKey(key, keyEnd, "gid")) return isCount(value, end);
  return !beginsWith(key, keyEnd, "GNU.sparse.");
}

function isText(from: usize, to: usize): bool {
  return find(from, to, 0) === to;
}

function isCount(from: usize, to: usize): bool {
  return to - from <= MAX_COUNT_DIGITS && endOfDigits(from, to) === to;
}

function isKey(at: usize, end: usize, key: string): bool {
  return end - at === <usize>key.length && beginsWith(at, end, key);
}

function beginsWith(at: usize, end: usize, text: string): bool {
  if (end - at < <usize>text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (load<u8>(at + i) !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** The byte's first place, or `to`. */
function find(from: usize, to: usize, byte: u32): usize {
  let at = from;
  while (at < to && load<u8>(at) !== byte) at++;
  return at;
}

function endOfDigits(from: usize, to: usize): usize {
  let at = from;
  while (at < to && <u32>load<u8>(at) - 0x30 <= 9) at++;
  return at;
}

/** The number, or LATEST if it is larger. */
function readDigits(from: usize, to: usize): u64 {
  let value: u64 = 0;
  for (let at = from; at < to; at++) value = min(value * 10 + <u64>(load<u8>(at) - 0x30), LATEST);
  return value;
}

function decimalDigits(value: u64): usize {
  let digits: usize = 1;
  for (let rest = value; rest >= 10; rest /= 10) digits++;
  return digits;
}

/** The length's own digits count too, and can push it over a power of ten. */
function lengthOfRecord(key: usize, value: usize): usize {
  const bare = key + value + 3;
  const length = bare + decimalDigits(bare);
  return bare + decimalDigits(length);
}

function writeRecord(target: usize, length: usize, key: usize, keyLength: usize, value: u64): void {
  let at = writeDecimal(target, length);
  store<u8>(at, SPACE);
  memory.copy(at + 1, key, keyLength);
  at += keyLength + 1;
  store<u8>(at, EQUALS);
  at = writeDecimal(at + 1, value);
  store<u8>(at, NEWLINE);
}

/** Returns where it ends. */
function writeDecimal(target: usize, value: u64): usize {
  const end = target + decimalDigits(value);
  let rest = value;
  for (let at = end; at > target; at--) {
    store<u8>(at - 1, 0x30 + <u32>(rest % 10));
    rest /= 10;
  }
  return end;
}
