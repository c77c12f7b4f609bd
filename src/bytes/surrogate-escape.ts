/**
 * Names in a tar are bytes, and most of them are UTF-8. As text each byte that
 * is not keeps its value as a lone surrogate, U+DC80 to U+DCFF, which UTF-8 has
 * no bytes for: what Python's `surrogateescape` does (PEP 383). So two names
 * are two texts, and a text gives back the bytes it was read from.
 */
import { concat } from "./stream.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** What a byte that is not UTF-8 is added to. */
const ESCAPE = 0xdc00;

/** Bytes as text, none of them lost. */
export function decodeName(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  return text.includes("\ufffd") ? escaped(bytes) : text;
}

/** The bytes of a text: those that {@link decodeName} read it from. */
export function encodeName(text: string): Uint8Array {
  if (isUtf8(text)) return encoder.encode(text);
  const parts = text.split(/([\udc80-\udcff])/u);
  return concat(
    parts.map((part, index) =>
      index % 2 === 0 ? encoder.encode(part) : Uint8Array.of(part.charCodeAt(0) - ESCAPE),
    ),
  );
}

/** Whether a text has no bytes but UTF-8's, so that others will have it as it is. */
export function isUtf8(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** The byte that a lone surrogate stands for, by its code; undefined for any other character. */
export function escapedByte(code: number): number | undefined {
  return code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff ? code - ESCAPE : undefined;
}

function escaped(bytes: Uint8Array): string {
  let text = "";
  let start = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += decoder.decode(bytes.subarray(start, at)) + String.fromCharCode(ESCAPE + (bytes[at] as number));
      start = at + 1;
    }
    at += length || 1;
  }
  return text + decoder.decode(bytes.subarray(start));
}

/** Bytes of the character that begins here; 0 where none does (Unicode, table 3-7). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  const length = lengthByLead(lead);
  if (length < 2) return length;
  const [least, most] = secondByte(lead);
  const second = bytes[at + 1] ?? 0;
  if (second < least || second > most) return 0;
  for (let next = at + 2; next < at + length; next++) if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

function lengthByLead(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** Narrower behind four leads: no longer form than needed, no surrogates, nothing above U+10FFFF. */
function secondByte(lead: number): readonly [least: number, most: number] {
  if (lead === 0xe0) return [0xa0, 0xbf];
  if (lead === 0xed) return [0x80, 0x9f];
  if (lead === 0xf0) return [0x90, 0xbf];
  if (lead === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}
