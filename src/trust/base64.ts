import { type ErrorCode, SealiftError } from "../error.ts";

/** Bytes as base64 of the standard alphabet, padded (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  // fromCharCode takes its bytes as arguments, and engines bound their number.
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(text);
}

/**
 * Reads padded base64 in the standard or the URL-safe alphabet, as protojson
 * and DSSE allow. One run of bytes has exactly one text in each alphabet: other
 * spellings (white space, stray bits before the padding, mixed alphabets) would
 * let signed JSON change without its signature noticing. Throws `code`.
 */
export function decodeBase64(text: string, what: string, code: ErrorCode): Uint8Array<ArrayBuffer> {
  const invalid = (reason: string) => new SealiftError(code, `Cannot read ${what}: ${reason}`);
  const urlSafe = /[-_]/.test(text);
  if (urlSafe && /[+/]/.test(text)) throw invalid("it mixes two base64 alphabets");
  const standard = urlSafe ? text.replaceAll("-", "+").replaceAll("_", "/") : text;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(standard) || standard.length % 4 !== 0) {
    throw invalid("it is not padded base64");
  }
  const binary = atob(standard);
  if (btoa(binary) !== standard) throw invalid("its base64 has stray bits before the padding");
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
