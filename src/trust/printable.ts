/** Longest text taken from a file into a verdict, in characters. */
const MAX_LENGTH = 512;

/**
 * Text from an untrusted file, made fit to print: control characters, which
 * drive terminals, and bidirectional overrides, which reorder what a person
 * reads, become U+FFFD; long text is cut.
 */
export function printable(text: string): string {
  const safe = text.replace(/[\p{Cc}\p{Cs}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
  return safe.length > MAX_LENGTH ? `${safe.slice(0, MAX_LENGTH - 1)}…` : safe;
}
