const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * What cannot be seen, or moves what can: control characters, spaces but the
 * common one, and that one too at the end; marks that reorder or join text.
 */
const UNSEEN = /[\\\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|(?! )\p{Zs}| $/gu;

/**
 * A name from an archive for people, as GNU tar and `ls -b` show it: on one
 * line, and no two of them alike. `\n`, `\r`, `\t`, `\\`, else `\x1b`, `\u202e`.
 */
export function shownName(name: string): string {
  return name.replace(UNSEEN, (character) => {
    const known = ESCAPES[character];
    if (known) return known;
    const code = (character.codePointAt(0) as number).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}
