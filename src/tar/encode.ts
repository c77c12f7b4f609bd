import { concat } from "../bytes/stream.ts";
import { isUtf8 } from "../bytes/surrogate-escape.ts";
import { SealiftError } from "../error.ts";
import type { Kernels, TarFields } from "../kernel/kernels.ts";
import { FLAG_OF_TYPE, paddingOf, type TarHeader } from "./header.ts";
import { encodePaxRecord, MAX_PAX_SIZE, type PaxRecords } from "./pax.ts";

type Header = Partial<Omit<TarHeader, "name">> & Pick<TarHeader, "name">;

/** What ustar's fields hold (POSIX.1-2017 pax, "ustar Interchange Format"). */
const USTAR = {
  name: 100,
  prefix: 155,
  linkname: 100,
  /** The field is 32 bytes with its NUL. */
  owner: 31,
  /** Seven octal digits: mode, uid, gid. */
  id: 0o7777777,
  /** Eleven octal digits: size, mtime. */
  number: 0o77777777777,
} as const;

/** Constant, and what other writers use: a name made of the member's would need PAX itself. */
const PAX_HEADER_NAME = "././@PaxHeader";

/** Records that are made from the header's fields, in the order they are written. */
const FIELD_RECORDS = ["hdrcharset", "path", "linkpath", "size", "uid", "gid", "uname", "gname", "mtime"];

/**
 * A member's header: one ustar block, after a PAX header where a field does
 * not fit ustar or is not ASCII, or where there are further PAX records.
 * Fields first, in a fixed order, then the rest by keyword.
 * Throws TAR_INVALID.
 */
export function encodeHeader(header: Header, kernels: Kernels): Uint8Array {
  refuseUnwritable(header);
  const split = splitName(header.name);
  const records = recordsOf(header, split !== undefined);
  const block = kernels.tar.encode({
    ...EMPTY_FIELDS,
    name: split?.name ?? fitted(header.name, USTAR.name),
    prefix: split?.prefix ?? NOTHING,
    linkname: fitted(header.linkname ?? "", USTAR.linkname),
    uname: fitted(header.uname ?? "", USTAR.owner),
    gname: fitted(header.gname ?? "", USTAR.owner),
    mode: header.mode ?? 0o644,
    uid: ustarNumber(header.uid, USTAR.id),
    gid: ustarNumber(header.gid, USTAR.id),
    size: ustarNumber(header.size, USTAR.number),
    mtime: ustarNumber(header.mtime, USTAR.number),
    type: flagOf(header),
    devmajor: header.devmajor ?? 0,
    devminor: header.devminor ?? 0,
  });
  return records.length === 0 ? block : concat([paxHeader(records, kernels), block]);
}

const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();

const EMPTY_FIELDS: Omit<TarFields, "format"> = {
  name: NOTHING,
  prefix: NOTHING,
  linkname: NOTHING,
  uname: NOTHING,
  gname: NOTHING,
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  type: 0,
  devmajor: 0,
  devminor: 0,
};

function paxHeader(records: readonly Uint8Array[], kernels: Kernels): Uint8Array {
  const payload = concat(records);
  if (payload.length > MAX_PAX_SIZE) {
    throw new SealiftError(
      "LIMIT_EXCEEDED",
      `Cannot write tar header: its extended header would have more than ${MAX_PAX_SIZE} bytes`,
    );
  }
  const block = kernels.tar.encode({
    ...EMPTY_FIELDS,
    name: encoder.encode(PAX_HEADER_NAME),
    size: payload.length,
    type: "x".charCodeAt(0),
  });
  return concat([block, payload, new Uint8Array(paddingOf(payload.length))]);
}

function recordsOf(header: Header, nameFits: boolean): readonly Uint8Array[] {
  const pax = header.pax ?? new Map<string, Uint8Array>();
  const fields: Record<string, string | Uint8Array | undefined> = {
    hdrcharset: charsetRecord(header),
    path: nameFits ? undefined : header.name,
    linkpath: unlessFits(header.linkname, USTAR.linkname),
    size: unlessUstar(header.size, USTAR.number),
    uid: unlessUstar(header.uid, USTAR.id),
    gid: unlessUstar(header.gid, USTAR.id),
    uname: unlessFits(header.uname, USTAR.owner),
    gname: unlessFits(header.gname, USTAR.owner),
    mtime: mtimeRecord(header.mtime ?? 0, pax),
  };
  const others = [...pax].filter(([key]) => !(key in fields));
  others.sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...FIELD_RECORDS.flatMap((key) => {
      const value = fields[key];
      return value === undefined ? [] : [encodePaxRecord(key, value)];
    }),
    ...others.map(([key, value]) => encodePaxRecord(key, value)),
  ];
}

/** Without it libarchive takes bytes that are not UTF-8 for an error, and reads some of them as others. */
function charsetRecord({ name, linkname = "", uname = "", gname = "" }: Header): string | undefined {
  return [name, linkname, uname, gname].every(isUtf8) ? undefined : "BINARY";
}

/** The record the member came with, if the time is still that: a number has too few digits for nanoseconds. */
function mtimeRecord(mtime: number, pax: PaxRecords): string | Uint8Array | undefined {
  if (fitsUstar(mtime, USTAR.number)) return undefined;
  const original = pax.get("mtime");
  if (original && Number(new TextDecoder().decode(original)) === mtime) return original;
  return decimal(mtime);
}

/** A number as a decimal without exponent. */
function decimal(value: number): string {
  return Number.isInteger(value) ? String(BigInt(value)) : value.toFixed(9).replace(/0+$/, "");
}

/**
 * Cuts a name at a slash so that both parts fit their fields; undefined if
 * none does. Only the first cut that fits is taken, so that there is one result.
 */
function splitName(path: string): { name: Uint8Array; prefix: Uint8Array } | undefined {
  if (!isAscii(path)) return undefined;
  if (path.length <= USTAR.name) return { name: encoder.encode(path), prefix: NOTHING };
  const slash = path.indexOf("/", path.length - USTAR.name - 1);
  if (slash <= 0 || slash > USTAR.prefix || slash === path.length - 1) return undefined;
  return { name: encoder.encode(path.slice(slash + 1)), prefix: encoder.encode(path.slice(0, slash)) };
}

function flagOf({ type = "file", name }: Header): number {
  const flag = FLAG_OF_TYPE[type];
  if (flag === undefined) {
    throw new SealiftError("TAR_INVALID", `Cannot write ${name} to tar archive: its type is unknown`);
  }
  return flag.charCodeAt(0);
}

function unlessFits(text: string | undefined, limit: number): string | undefined {
  return text === undefined || (isAscii(text) && text.length <= limit) ? undefined : text;
}

function unlessUstar(value: number | undefined, limit: number): string | undefined {
  return value === undefined || fitsUstar(value, limit) ? undefined : decimal(value);
}

/** What no header can say, and would silently be said otherwise. */
function refuseUnwritable(header: Header): void {
  const refuse = (reason: string) =>
    new SealiftError("TAR_INVALID", `Cannot write "${header.name}" to tar archive: ${reason}`);
  if (header.name === "") throw refuse("its name is empty");
  for (const text of [header.name, header.linkname, header.uname, header.gname]) {
    if (text?.includes("\0")) throw refuse("one of its names has a NUL in it");
  }
  for (const number of [header.size, header.uid, header.gid]) {
    if (number !== undefined && !(Number.isSafeInteger(number) && number >= 0)) {
      throw refuse(`${number} is not a size or an owner`);
    }
  }
}

/** What old readers see of a text that stands in full in a PAX record. */
function fitted(text: string, limit: number): Uint8Array {
  return encoder.encode(text.replace(/\P{ASCII}/gu, "_").slice(0, limit));
}

/** The number, or 0 where it stands in a PAX record. */
function ustarNumber(value: number | undefined, limit: number): number {
  return value !== undefined && fitsUstar(value, limit) ? value : 0;
}

function fitsUstar(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= limit;
}

function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text);
}
