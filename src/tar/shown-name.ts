import { decodeName, escapedByte } from "../bytes/surrogate-escape.ts";

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * What cannot be seen, or moves what can: control characters, spaces but the
 * common one, and that one too at the end; marks that reorder or join text.
 */
const UNSEEN = /[\\\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|(?! )\p{Zs}| $/gu;

/**
 * A name from an archive for people, as GNU tar and `ls -b` show it: on one
 * line, and no two of them alike. `\n`, `\r`, `\t`, `\\`, else `\x1b`, `\u202e`; a byte that
 * is not UTF-8 as `\351`.
 */
export function shownName(name: string): string {
  return name.replace(UNSEEN, (character) => {
    return ESCAPES[character] ?? shownCode(character);
  });
}

/** A character by its code, as {@link shownName} shows those that cannot be seen. */
export function shownCode(character: string): string {
  const value = character.codePointAt(0) as number;
  const byte = escapedByte(value);
  if (byte !== undefined) return `\\${byte.toString(8)}`;
  const code = value.toString(16);
  return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
}

/** The name that is shown so, here or by GNU tar, which has octal codes for all that cannot be seen. */
export function nameShownAs(shown: string): string {
  return shown.replace(ESCAPED, (found, octal?: string, hex?: string) => {
    if (octal) return bytesNamed(octal);
    if (hex) return String.fromCharCode(Number.parseInt(hex.slice(1), 16));
    return CHARACTERS.get(found) as string;
  });
}

const ESCAPED = /((?:\\[0-3][0-7]{2})+)|\\(x[0-9a-f]{2}|u[0-9a-f]{4})|\\[\\nrt]/g;

const CHARACTERS = new Map(Object.entries(ESCAPES).map(([character, shown]) => [shown, character]));

/** `\303\251` as text: bytes that are UTF-8 together are a character. */
export function bytesNamed(octal: string): string {
  return decodeName(Uint8Array.from(octal.slice(1).split("\\"), (code) => Number.parseInt(code, 8)));
}
