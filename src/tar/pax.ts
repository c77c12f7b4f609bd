import { concat } from "../bytes/stream.ts";
import { decodeName, encodeName } from "../bytes/surrogate-escape.ts";
import { SealiftError } from "../error.ts";

/** PAX records by keyword. Values are bytes: extended attributes are not text. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

/** What most members have: one and the same, by which lists of them know it. */
export const NO_RECORDS: PaxRecords = new Map();

/** One record with its own bytes, so that it can be passed on as it was. */
export interface PaxRecord {
  readonly key: string;
  readonly value: Uint8Array;
  readonly bytes: Uint8Array;
}

/**
 * The largest extended header (PAX payload or GNU long name) that is read, in
 * bytes. It is held in memory, and an archive can have one for each member.
 */
export const MAX_PAX_SIZE = 1024 * 1024;

/** More digits than any length under the limit has. */
const MAX_LENGTH_DIGITS = 9;

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;

/** The records of an extended header's payload, in order. Throws TAR_INVALID. */
export function parsePax(payload: Uint8Array): PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let offset = 0; offset < payload.length; ) {
    const record = parseRecord(payload.subarray(offset));
    records.push(record);
    offset += record.bytes.length;
  }
  return records;
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record, its own digits included. */
function parseRecord(rest: Uint8Array): PaxRecord {
  const space = rest.subarray(0, MAX_LENGTH_DIGITS + 1).indexOf(SPACE);
  const digits = decodeName(rest.subarray(0, Math.max(space, 0)));
  if (!/^[0-9]+$/.test(digits)) throw malformed("a record has no length");
  const length = Number(digits);
  if (length > rest.length || rest[length - 1] !== NEWLINE) throw malformed("a record's length is wrong");
  const bytes = rest.subarray(0, length);
  const equals = bytes.indexOf(EQUALS, space);
  if (equals <= space + 1) throw malformed("a record has no keyword");
  return {
    key: decodeName(bytes.subarray(space + 1, equals)),
    value: bytes.subarray(equals + 1, length - 1),
    bytes,
  };
}

/** One record as bytes. */
export function encodePaxRecord(key: string, value: Uint8Array | string): Uint8Array {
  const head = encodeName(` ${key}=`);
  const body = typeof value === "string" ? encodeName(value) : value;
  const bare = head.length + body.length + 1;
  let length = bare + String(bare).length;
  // The digits of the length count too, and can push it over a power of ten.
  if (bare + String(length).length > length) length = bare + String(length).length;
  return concat([encodeName(String(length)), head, body, Uint8Array.of(NEWLINE)]);
}

/** A record's value as text. Throws TAR_INVALID if it holds a NUL, which would end the text for C readers. */
export function paxText(key: string, value: Uint8Array): string {
  if (value.includes(0)) throw malformed(`${key} has a NUL in it`);
  return decodeName(value);
}

/** A record's value as a count. Throws TAR_INVALID. */
export function paxInteger(key: string, value: Uint8Array): number {
  const text = decodeName(value);
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(number)) throw malformed(`${key} is not a number`);
  return number;
}

/** A decimal time, split so that nothing of it is lost. */
export interface PaxTime {
  readonly negative: boolean;
  /** Whole seconds, without the sign. */
  readonly whole: bigint;
  /** Whether anything but zeros follows the point. */
  readonly fraction: boolean;
  /** The nearest number. */
  readonly seconds: number;
}

/** A record's value as a time: seconds since the epoch as a decimal. Throws TAR_INVALID. */
export function paxTime(key: string, value: Uint8Array): PaxTime {
  const text = decodeName(value);
  const parts = /^(-?)([0-9]{1,30})(?:\.([0-9]*))?$/.exec(text);
  if (!parts) throw malformed(`${key} is not a time`);
  const [, sign, whole = "", fraction = ""] = parts;
  return {
    negative: sign === "-",
    whole: BigInt(whole),
    fraction: /[1-9]/.test(fraction),
    seconds: Number(text),
  };
}

/** Whether a time is after the given whole second, to the last digit. */
export function isLater(time: PaxTime, seconds: number): boolean {
  const limit = BigInt(seconds);
  if (time.negative) return time.whole < -limit;
  return time.whole > limit || (time.whole === limit && time.fraction);
}

function malformed(reason: string): SealiftError {
  return new SealiftError("TAR_INVALID", `Cannot read extended header: ${reason}`);
}
