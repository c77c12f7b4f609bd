/**
 * Writing gzip (RFC 1952): one member, made of chunks.
 *
 * The format, and with it every digest of what we compress: header with mtime
 * 0, no flags, XFL 0 at every level (its 2 and 4 only say how hard the writer
 * tried; so the level shows in the compressed bytes alone) and OS 255 ("unknown"); chunks of 1 MiB (deflate.ts), each
 * with the 32 KiB before it as dictionary, joined by empty stored blocks. A full
 * chunk is the last one only if nothing follows, so the bytes written depend on
 * the bytes read and never on how they came.
 *
 * ABI: `init(level)`; fill `deflate.CHUNK` to `CHUNK_SIZE` and call `push`; the rest,
 * 0 to `CHUNK_SIZE` bytes, goes to `end`. Both return how many bytes of output
 * stand at `outputStart()`, valid until the next call.
 */
import { crc32Long } from "./crc32-sparse";
import { CHUNK, CHUNK_SIZE, carry, compress, OUTPUT } from "./deflate";
import { WINDOW_SIZE } from "./deflate-format";

const HEADER_SIZE: u32 = 10;

let crc: u32 = 0;
let size: u32 = 0;
/** Where the output of this chunk begins: before the first stands the header. */
let begin: usize = OUTPUT;
let dictionary: u32 = 0;
let level: u32 = 6;

export function init(chosen: u32): void {
  level = chosen;
  crc = 0;
  size = 0;
  dictionary = 0;
  begin = OUTPUT - HEADER_SIZE;
  store<u64>(begin, 0x00088b1f);
  store<u16>(begin, 0xff00, 8);
}

/** Compresses a full chunk that is not the last. */
export function push(): u32 {
  const length = writeChunk(CHUNK_SIZE, false);
  carry();
  dictionary = WINDOW_SIZE;
  return length;
}

/** Compresses the last `length` bytes and closes the member. */
export function end(length: u32): u32 {
  const written = writeChunk(length, true);
  store<u32>(begin + written, crc);
  store<u32>(begin + written, size, 4);
  return written + 8;
}

/** Where the output of this chunk begins. */
export function outputStart(): usize {
  return begin;
}

/** Returns the bytes of output, a header included. */
function writeChunk(length: u32, last: bool): u32 {
  begin = dictionary > 0 ? OUTPUT : OUTPUT - HEADER_SIZE;
  crc = crc32Long(CHUNK, length, crc);
  size += length;
  return compress(level, dictionary, length, last) + <u32>(OUTPUT - begin);
}
