import { misuse, tarInvalid } from "../failure.ts";
import type { TarFields, TarFormat, TarKernel } from "../kernels.ts";
import { putTarText, TAR_BLOCK_SIZE, TAR_FIELDS, type TarField, tarText } from "../tar-layout.ts";

const USTAR = Uint8Array.of(0x75, 0x73, 0x74, 0x61, 0x72, 0, 0x30, 0x30); // "ustar\0" "00"
const GNU_VERSION = 0x20; // the magic's sixth byte in "ustar  \0"

export const tar: TarKernel = { parse, encode, retime };

function parse(block: Uint8Array): TarFields {
  checkSize(block);
  checkChecksum(block);
  const format = formatOf(block);
  const extended = format !== "v7";
  const size = number(block, "size");
  if (size < 0) throw tarInvalid("read", "its size is negative");
  return {
    name: tarText(block, "name"),
    prefix: prefixOf(block, format),
    linkname: tarText(block, "linkname"),
    uname: extended ? tarText(block, "uname") : new Uint8Array(),
    gname: extended ? tarText(block, "gname") : new Uint8Array(),
    mode: number(block, "mode"),
    uid: number(block, "uid"),
    gid: number(block, "gid"),
    size,
    mtime: number(block, "mtime"),
    type: block[TAR_FIELDS.type[0]] as number,
    devmajor: extended ? number(block, "devmajor") : 0,
    devminor: extended ? number(block, "devminor") : 0,
    format,
  };
}

function encode(fields: Omit<TarFields, "format">): Uint8Array {
  const block = new Uint8Array(TAR_BLOCK_SIZE);
  for (const name of ["name", "linkname", "uname", "gname", "prefix"] as const) {
    putTarText(block, name, fields[name]);
  }
  for (const name of ["mode", "uid", "gid", "size", "mtime", "devmajor", "devminor"] as const) {
    putNumber(block, TAR_FIELDS[name], fields[name], "write", name);
  }
  block[TAR_FIELDS.type[0]] = fields.type;
  block.set(USTAR, TAR_FIELDS.magic[0]);
  putChecksum(block);
  return block;
}

function retime(block: Uint8Array, seconds: number, clamp: boolean): void {
  checkSize(block);
  const changes = timesOf(block).filter((field) => !clamp || time(block, field) > seconds);
  for (const field of changes) putNumber(block, field, seconds, "change", "time");
  // A block in which no time was late keeps every byte.
  if (changes.length > 0) putChecksum(block);
}

function timesOf(block: Uint8Array): TarField[] {
  const { mtime, gnuAtime, gnuCtime } = TAR_FIELDS;
  if (formatOf(block) !== "gnu" || !hasGnuTimes(block)) return [mtime];
  return [mtime, ...[gnuAtime, gnuCtime].filter((field) => !isAbsent(block, field))];
}

function time(block: Uint8Array, field: TarField): number {
  const seconds = readNumber(block, field);
  if (seconds === undefined) throw tarInvalid("change", "its mtime is malformed");
  return seconds;
}

function checkSize(block: Uint8Array): void {
  if (block.length !== TAR_BLOCK_SIZE) throw misuse(`a tar header block of ${block.length} bytes`);
}

function formatOf(block: Uint8Array): TarFormat {
  const [start] = TAR_FIELDS.magic;
  if (USTAR.subarray(0, 5).some((byte, i) => block[start + i] !== byte)) return "v7";
  if (block[start + 5] === 0) return "ustar";
  return block[start + 5] === GNU_VERSION && block[start + 6] === GNU_VERSION && block[start + 7] === 0
    ? "gnu"
    : "v7";
}

/** Go before 1.8 wrote a prefix under the GNU magic: text where the times should be is taken for one. */
function prefixOf(block: Uint8Array, format: TarFormat): Uint8Array {
  if (format === "v7") return new Uint8Array();
  const prefix = tarText(block, "prefix");
  if (format === "ustar") return prefix;
  const isText = !hasGnuTimes(block) && prefix.every((byte) => byte < 0x80);
  return isText ? prefix : new Uint8Array();
}

function hasGnuTimes(block: Uint8Array): boolean {
  return (
    readNumber(block, TAR_FIELDS.gnuAtime) !== undefined &&
    readNumber(block, TAR_FIELDS.gnuCtime) !== undefined
  );
}

function isAbsent(block: Uint8Array, [offset, length]: TarField): boolean {
  return block.subarray(offset, offset + length).every((byte) => byte === 0);
}

function number(block: Uint8Array, name: keyof typeof TAR_FIELDS): number {
  const value = readNumber(block, TAR_FIELDS[name]);
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

/** Octal digits with leading zeros, then NUL. */
function putNumber(
  block: Uint8Array,
  [offset, length]: TarField,
  value: number,
  verb: "write" | "change",
  name: string,
): void {
  const digits = length - 1;
  if (!Number.isInteger(value) || value < 0 || value >= 8 ** digits) {
    throw tarInvalid(verb, `${value} does not fit its ${name}`);
  }
  putOctal(block, offset, digits, value);
}

function putOctal(block: Uint8Array, offset: number, digits: number, value: number): void {
  const octal = value.toString(8).padStart(digits, "0");
  for (let i = 0; i < digits; i++) block[offset + i] = octal.charCodeAt(i);
  block[offset + digits] = 0;
}

/** Six octal digits, NUL, space: the form every writer uses. */
function putChecksum(block: Uint8Array): void {
  const [offset] = TAR_FIELDS.checksum;
  const total = sum(block, (byte) => byte);
  putOctal(block, offset, 6, total);
  block[offset + 7] = 0x20;
}

/** Old writers summed signed chars; both sums are accepted, as POSIX advises. */
function checkChecksum(block: Uint8Array): void {
  const stored = readNumber(block, TAR_FIELDS.checksum);
  const unsigned = sum(block, (byte) => byte);
  const signed = sum(block, (byte) => (byte << 24) >> 24);
  if (stored !== unsigned && stored !== signed) throw tarInvalid("read", "its checksum is wrong");
}

/** The block's sum, its checksum field taken as spaces. */
function sum(block: Uint8Array, value: (byte: number) => number): number {
  const [offset, length] = TAR_FIELDS.checksum;
  let total = 0;
  for (let i = 0; i < TAR_BLOCK_SIZE; i++) {
    const inChecksum = i >= offset && i < offset + length;
    total += inChecksum ? 0x20 : value(block[i] as number);
  }
  return total;
}
