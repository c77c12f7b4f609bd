/** What stands around the DEFLATE data of the gzip members we write (RFC 1952 §2.3). */

/** Magic, DEFLATE, no flags, mtime 0, XFL 0, OS 255 "unknown". As assembly/gzip.ts writes it. */
export const GZIP_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

/** CRC-32 and size of the uncompressed data; the size modulo 2^32. */
export function gzipTrailer(crc: number, size: number): Uint8Array {
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, crc, true);
  trailer.setUint32(4, size % 2 ** 32, true);
  return new Uint8Array(trailer.buffer);
}
