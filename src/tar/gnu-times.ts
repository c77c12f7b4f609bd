import type { TarHead } from "./head.ts";
import type { TarHeader } from "./header.ts";

/** Where GNU's header has what ustar's has a prefix for (tar.h, `struct oldgnu_header`). */
const FIELDS = [
  ["atime", 345],
  ["ctime", 357],
] as const;

const FIELD_SIZE = 12;

const encoder = new TextEncoder();

/** `ustar`, two spaces and a NUL. */
const MAGIC = "ustar  \0";
const MAGIC_AT = 257;

/** The header to write anew: a GNU header's own atime and ctime are among its PAX records, as ustar has no place for them. */
export function withGnuTimes({ header, block }: Pick<TarHead, "header" | "block">): TarHeader {
  if (textAt(block, MAGIC_AT, MAGIC.length) !== MAGIC) return header;
  const records = header.pax;
  const times = FIELDS.flatMap(([key, at]) => {
    const seconds = octal(textAt(block, at, FIELD_SIZE));
    return seconds === undefined || records.has(key) ? [] : [[key, encoder.encode(seconds)] as const];
  });
  return times.length === 0 ? header : { ...header, pax: new Map([...records, ...times]) };
}

/** Undefined for zeros, which mean that there is no time, and for what is no number: both fields are for the curious. */
function octal(field: string): string | undefined {
  const [, digits] = /^ *([0-7]+)[ \0]*$/.exec(field) ?? [];
  const seconds = digits === undefined ? 0 : Number.parseInt(digits, 8);
  return seconds > 0 ? String(seconds) : undefined;
}

function textAt(block: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...block.subarray(at, at + length));
}
