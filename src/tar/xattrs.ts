import { decodeName } from "../bytes/surrogate-escape.ts";
import type { PaxRecords } from "./pax.ts";

/** Extended attributes by name, for example `security.capability`. */
export type Xattrs = ReadonlyMap<string, Uint8Array>;

const SCHILY = "SCHILY.xattr.";
const LIBARCHIVE = "LIBARCHIVE.xattr.";

const NONE: Xattrs = new Map();

/**
 * The extended attributes among a member's PAX records. bsdtar writes each
 * twice: as star does, raw, and with its name percent-encoded and its value in
 * base64; the raw one counts.
 */
export function xattrsOf(pax: PaxRecords): Xattrs {
  if (pax.size === 0) return NONE;
  const found = new Map<string, Uint8Array>();
  for (const [key, value] of pax) {
    if (key.startsWith(SCHILY)) found.set(key.slice(SCHILY.length), value);
    else if (key.startsWith(LIBARCHIVE)) {
      const name = decodedName(key.slice(LIBARCHIVE.length));
      if (!pax.has(SCHILY + name)) found.set(name, decodedValue(value));
    }
  }
  return found.size === 0 ? NONE : found;
}

/** The PAX record that an extended attribute is, as star writes it. */
export function xattrRecord(name: string, value: Uint8Array): readonly [key: string, value: Uint8Array] {
  return [SCHILY + name, value];
}

/** Percent-encoded bytes, which need not be UTF-8. */
function decodedName(name: string): string {
  return name.replace(/(?:%[0-9a-f]{2})+/gi, (codes) =>
    decodeName(Uint8Array.from(codes.slice(1).split("%"), (code) => Number.parseInt(code, 16))),
  );
}

function decodedValue(value: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(value);
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return value;
  }
}
