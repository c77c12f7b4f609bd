/** The few forms of DER (X.690) that keys are written in. */
import { concat } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";

export const DER_TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
  /** Context-specific, constructed: `[0]`. */
  context0: 0xa0,
  /** Context-specific, constructed: `[1]`. */
  context1: 0xa1,
} as const;

export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** Writes one value: tag, length, contents. */
export function encodeDer(tag: number, ...contents: Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  return concat([new Uint8Array([tag, ...encodeLength(length)]), ...contents]);
}

/**
 * The values that follow one another in `bytes`, which they fill exactly.
 * Only the one distinguished form is read: definite, shortest lengths.
 * Throws KEY_INVALID.
 */
export function parseDer(bytes: Uint8Array, what: string): DerValue[] {
  const values: DerValue[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const { start, end } = readExtent(bytes, offset, what);
    values.push({ tag: bytes[offset] as number, content: bytes.subarray(start, end) });
    offset = end;
  }
  return values;
}

/** The parts of the one SEQUENCE that `bytes` is. Throws KEY_INVALID. */
export function parseSequence(bytes: Uint8Array, what: string): DerValue[] {
  const [sequence, ...trailing] = parseDer(bytes, what);
  if (sequence?.tag !== DER_TAG.sequence) throw invalid(what, "it is not an ASN.1 sequence");
  if (trailing.length > 0) throw invalid(what, "data follows its ASN.1 sequence");
  return parseDer(sequence.content, what);
}

function readExtent(bytes: Uint8Array, offset: number, what: string): { start: number; end: number } {
  const first = bytes[offset + 1];
  if (first === undefined || first === 0x80) throw invalid(what, "an ASN.1 value has no length");
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  // Keys are below 64 KiB; longer lengths only serve to overflow.
  if (lengthBytes > 2) throw invalid(what, "an ASN.1 length is too long");
  const start = offset + 2 + lengthBytes;
  const length =
    lengthBytes === 0 ? first : bytes.subarray(offset + 2, start).reduce((n, b) => n * 256 + b, 0);
  if (encodeLength(length).length !== 1 + lengthBytes) throw invalid(what, "an ASN.1 length is not minimal");
  if (start + length > bytes.length) throw invalid(what, "an ASN.1 value ends early");
  return { start, end: start + length };
}

function encodeLength(length: number): number[] {
  if (length < 0x80) return [length];
  if (length < 0x100) return [0x81, length];
  return [0x82, length >> 8, length & 0xff];
}

function invalid(what: string, reason: string): SealiftError {
  return new SealiftError("KEY_INVALID", `Cannot read ${what}: ${reason}`);
}
