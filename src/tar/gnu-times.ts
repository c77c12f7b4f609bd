import type { PaxRecords } from "./pax.ts";

/** Where GNU's header has what ustar's has a prefix for (tar.h, `struct oldgnu_header`). */
const FIELDS = [
  ["atime", 345],
  ["ctime", 357],
] as const;

const FIELD_SIZE = 12;

const encoder = new TextEncoder();

/** The records with a GNU header's own atime and ctime among them, as nothing else of ours has a place for these. */
export function withGnuTimes(records: PaxRecords, block: Uint8Array): PaxRecords {
  const times = FIELDS.flatMap(([key, at]) => {
    const seconds = octal(block.subarray(at, at + FIELD_SIZE));
    return seconds === undefined || records.has(key) ? [] : [[key, encoder.encode(seconds)] as const];
  });
  return times.length === 0 ? records : new Map([...records, ...times]);
}

/** Undefined for zeros, which mean that there is no time, and for what is no number: both fields are for the curious. */
function octal(field: Uint8Array): string | undefined {
  const [, digits] = /^ *([0-7]+)[ \0]*$/.exec(String.fromCharCode(...field)) ?? [];
  const seconds = digits === undefined ? 0 : Number.parseInt(digits, 8);
  return seconds > 0 ? String(seconds) : undefined;
}
