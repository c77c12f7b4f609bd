import { misuse, tarInvalid } from "../failure.ts";
import type { TarFields, TarFormat, TarKernel } from "../kernels.ts";
import {
  CHECKSUM,
  DEVMAJOR,
  DEVMINOR,
  GID,
  GNAME,
  GNU_ATIME,
  GNU_CTIME,
  LINKNAME,
  MAGIC,
  MODE,
  MTIME,
  NAME,
  PREFIX,
  SIZE,
  TAR_BLOCK_SIZE,
  type TarField,
  TYPE,
  UID,
  UNAME,
} from "../tar-layout.ts";

const USTAR = Uint8Array.of(0x75, 0x73, 0x74, 0x61, 0x72, 0, 0x30, 0x30); // "ustar\0" "00"
const GNU_VERSION = 0x20; // the magic's sixth byte in "ustar  \0"

export const tar: TarKernel = { parse, encode, retime };

function parse(block: Uint8Array): TarFields {
  checkSize(block);
  checkChecksum(block);
  const format = formatOf(block);
  const device = format === "v7" ? () => 0 : (field: TarField, name: string) => number(block, field, name);
  const owner = (field: TarField) => (format === "v7" ? new Uint8Array() : text(block, field));
  const size = number(block, SIZE, "size");
  if (size < 0) throw tarInvalid("read", "its size is negative");
  return {
    name: text(block, NAME),
    prefix: prefixOf(block, format),
    linkname: text(block, LINKNAME),
    uname: owner(UNAME),
    gname: owner(GNAME),
    mode: number(block, MODE, "mode"),
    uid: number(block, UID, "uid"),
    gid: number(block, GID, "gid"),
    size,
    mtime: number(block, MTIME, "mtime"),
    type: block[TYPE] as number,
    devmajor: device(DEVMAJOR, "devmajor"),
    devminor: device(DEVMINOR, "devminor"),
    format,
  };
}

function encode(fields: Omit<TarFields, "format">): Uint8Array {
  const block = new Uint8Array(TAR_BLOCK_SIZE);
  putText(block, NAME, fields.name, "name");
  putNumber(block, MODE, fields.mode, "mode");
  putNumber(block, UID, fields.uid, "uid");
  putNumber(block, GID, fields.gid, "gid");
  putNumber(block, SIZE, fields.size, "size");
  putNumber(block, MTIME, fields.mtime, "mtime");
  block[TYPE] = fields.type;
  putText(block, LINKNAME, fields.linkname, "linkname");
  block.set(USTAR, MAGIC[0]);
  putText(block, UNAME, fields.uname, "uname");
  putText(block, GNAME, fields.gname, "gname");
  putNumber(block, DEVMAJOR, fields.devmajor, "devmajor");
  putNumber(block, DEVMINOR, fields.devminor, "devminor");
  putText(block, PREFIX, fields.prefix, "prefix");
  putChecksum(block);
  return block;
}

function retime(block: Uint8Array, seconds: number, clamp: boolean): void {
  checkSize(block);
  const times = formatOf(block) === "gnu" && hasGnuTimes(block) ? [GNU_ATIME, GNU_CTIME] : [];
  let changed = false;
  for (const field of [MTIME, ...times.filter((time) => !isAbsent(block, time))]) {
    if (clamp) {
      const current = readNumber(block, field);
      if (current === undefined) throw tarInvalid("change", "a time is malformed");
      if (current <= seconds) continue;
    }
    putNumber(block, field, seconds, "time", "change");
    changed = true;
  }
  if (changed) putChecksum(block);
}

function checkSize(block: Uint8Array): void {
  if (block.length !== TAR_BLOCK_SIZE) throw misuse(`a tar header block of ${block.length} bytes`);
}

function formatOf(block: Uint8Array): TarFormat {
  const [start] = MAGIC;
  if (USTAR.subarray(0, 5).some((byte, i) => block[start + i] !== byte)) return "v7";
  if (block[start + 5] === 0) return "ustar";
  return block[start + 5] === GNU_VERSION && block[start + 6] === GNU_VERSION && block[start + 7] === 0
    ? "gnu"
    : "v7";
}

/** Go before 1.8 wrote a prefix under the GNU magic: text where the times should be is taken for one. */
function prefixOf(block: Uint8Array, format: TarFormat): Uint8Array {
  if (format === "v7") return new Uint8Array();
  const prefix = text(block, PREFIX);
  if (format === "ustar") return prefix;
  const isText = !hasGnuTimes(block) && prefix.every((byte) => byte < 0x80);
  return isText ? prefix : new Uint8Array();
}

function hasGnuTimes(block: Uint8Array): boolean {
  return readNumber(block, GNU_ATIME) !== undefined && readNumber(block, GNU_CTIME) !== undefined;
}

function isAbsent(block: Uint8Array, [offset, length]: TarField): boolean {
  return block.subarray(offset, offset + length).every((byte) => byte === 0);
}

function text(block: Uint8Array, [offset, length]: TarField): Uint8Array {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}

function number(block: Uint8Array, field: TarField, name: string): number {
  const value = readNumber(block, field);
  if (value === undefined) throw tarInvalid("read", `its ${name} is malformed`);
  return value;
}

/** Octal or base-256; undefined if neither, or too large to be exact. */
function readNumber(block: Uint8Array, [offset, length]: TarField): number | undefined {
  const field = block.subarray(offset, offset + length);
  return (field[0] as number) & 0x80 ? readBase256(field) : readOctal(field);
}

/** Two's complement, big-endian, without the first bit, which marks the form (GNU tar, "base-256"). */
function readBase256(field: Uint8Array): number | undefined {
  let value = BigInt.asIntN(7, BigInt(field[0] as number));
  for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Leading spaces, octal digits, then a space, a NUL or the field's end. A blank field is 0. */
function readOctal(field: Uint8Array): number | undefined {
  let at = 0;
  while (field[at] === 0x20) at++;
  let value = 0;
  for (; at < field.length; at++) {
    const byte = field[at] as number;
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37) return undefined;
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

function putText(block: Uint8Array, [offset, length]: TarField, value: Uint8Array, name: string): void {
  if (value.length > length) throw tarInvalid("write", `its ${name} is longer than ${length} bytes`);
  if (value.includes(0)) throw tarInvalid("write", `its ${name} contains NUL`);
  block.set(value, offset);
}

/** Octal digits with leading zeros, then NUL. */
function putNumber(
  block: Uint8Array,
  [offset, length]: TarField,
  value: number,
  name: string,
  verb: "write" | "change" = "write",
): void {
  const digits = length - 1;
  if (!Number.isInteger(value) || value < 0 || value >= 8 ** digits) {
    throw tarInvalid(verb, `${value} does not fit its ${name}`);
  }
  const octal = value.toString(8).padStart(digits, "0");
  for (let i = 0; i < digits; i++) block[offset + i] = octal.charCodeAt(i);
  block[offset + digits] = 0;
}

/** Six octal digits, NUL, space: the form every writer uses. */
function putChecksum(block: Uint8Array): void {
  const [offset] = CHECKSUM;
  putNumber(
    block,
    [offset, 7],
    sum(block, (byte) => byte),
    "checksum",
  );
  block[offset + 7] = 0x20;
}

/** Old writers summed signed chars; both sums are accepted, as POSIX advises. */
function checkChecksum(block: Uint8Array): void {
  const stored = readNumber(block, CHECKSUM);
  const unsigned = sum(block, (byte) => byte);
  const signed = sum(block, (byte) => (byte << 24) >> 24);
  if (stored !== unsigned && stored !== signed) throw tarInvalid("read", "its checksum is wrong");
}

/** The block's sum, its checksum field taken as spaces. */
function sum(block: Uint8Array, value: (byte: number) => number): number {
  const [offset, length] = CHECKSUM;
  let total = 0;
  for (let i = 0; i < TAR_BLOCK_SIZE; i++) {
    const inChecksum = i >= offset && i < offset + length;
    total += inChecksum ? 0x20 : value(block[i] as number);
  }
  return total;
}
