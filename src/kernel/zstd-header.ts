/** What a zstd frame begins with (RFC 8878 §3.1). */
import { zstdInvalid } from "./failure.ts";

export type ZstdHeader =
  /** `content` bytes follow that mean something to others, or nothing. */
  | { readonly skippable: true; readonly content: number }
  /** Content that refers back `window` bytes at most. */
  | { readonly skippable: false; readonly window: number; readonly dictionary: boolean };

/** §3.1.1.1: magic, descriptor, window, dictionary's ID, content's size. */
export const ZSTD_HEADER_MAX = 18;

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** §3.1.2: the first byte's low half is free. */
const SKIPPABLE_MAGIC = [0x50, 0x2a, 0x4d, 0x18];
/** The descriptor's bits. */
const SINGLE_SEGMENT = 0x20;
export const ZSTD_CHECKSUM_FLAG = 0x04;
const DICTIONARY_SIZES = [0, 1, 2, 4];
const CONTENT_SIZES = [0, 2, 4, 8];

/** Reads the header that `bytes` begins with; undefined while it is cut. Throws ZSTD_INVALID as soon as it is none. */
export function parseZstdHeader(bytes: Uint8Array): ZstdHeader | undefined {
  const skippable = ((bytes[0] ?? 0) & 0xf0) === SKIPPABLE_MAGIC[0];
  requireMagic(bytes, skippable);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (skippable) return bytes.length < 8 ? undefined : { skippable, content: view.getUint32(4, true) };
  if (bytes.length < 5) return undefined;
  const descriptor = view.getUint8(4);
  const single = (descriptor & SINGLE_SEGMENT) !== 0;
  const dictionarySize = DICTIONARY_SIZES[descriptor & 3] as number;
  const dictionaryAt = single ? 5 : 6;
  const sizeAt = dictionaryAt + dictionarySize;
  const sizeSize = CONTENT_SIZES[descriptor >> 6] || (single ? 1 : 0);
  if (bytes.length < sizeAt + sizeSize) return undefined;
  const dictionary = bytes.subarray(dictionaryAt, sizeAt).some((byte) => byte !== 0);
  const window = single ? contentSize(view, sizeAt, sizeSize) : windowSize(view.getUint8(5));
  return { skippable, window, dictionary };
}

function requireMagic(bytes: Uint8Array, skippable: boolean): void {
  const magic = skippable ? SKIPPABLE_MAGIC : MAGIC;
  for (const [at, byte] of bytes.subarray(0, 4).entries()) {
    if (byte !== magic[at] && !(skippable && at === 0)) {
      throw zstdInvalid("a frame does not begin with 28 b5 2f fd");
    }
  }
}

/** §3.1.1.1.2. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** §3.1.1.1.4. */
function contentSize(view: DataView, at: number, size: number): number {
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at, true) + 256;
  return size === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}
