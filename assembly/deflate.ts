/**
 * DEFLATE compression (RFC 1951) of one chunk, at level 1, 6 or 9.
 *
 * The levels are three parsers over one writer: greedy-parser.ts (1), lazy-parser.ts
 * (6) and optimal-parser.ts (9) choose matches, block-splitter.ts gathers them into
 * blocks that end where the data changes, and block-writer.ts writes each in its
 * smallest form.
 *
 * The result is a function of the level, the dictionary, the chunk and `last`,
 * and of nothing else: no earlier chunk, no state. Chunks of one stream can
 * therefore be compressed in any order, by any number of workers, and joined. A
 * chunk that is not the last ends with an empty stored block, so it fills whole
 * bytes. Everything that decides what is chosen, each limit and table size, is part
 * of the format: a change changes digests.
 *
 * ABI: write the chunk, at most `CHUNK_SIZE` bytes, at `CHUNK`, and up to 32 KiB
 * that precede it right before; `compress` leaves its output at `OUTPUT` and
 * returns its length; `checksum` is the CRC-32 of the chunk, for whoever joins
 * chunks (checksum.ts combines them).
 */
import { finish } from "./bit-writer";
import { begin, endBlocks } from "./block-splitter";
import { writeJoin } from "./block-writer";
import { crc32Long } from "./crc32-sparse";
import { WINDOW_SIZE } from "./deflate-format";
import { parseGreedily } from "./greedy-parser";
import { parseLazily } from "./lazy-parser";
import { parseOptimal } from "./optimal-parser";

export const CHUNK_SIZE: u32 = 1 << 20;
// The dictionary, the chunk, and slack for loads that reach beyond.
const INPUT: usize = memory.data(1081360, 16);
export const CHUNK: usize = INPUT + WINDOW_SIZE;

// No block is larger than stored: 5 bytes to every 2048 tokens, and a join. Before it, room for a header.
export const HEADER_ROOM: u32 = 16;
const OUTPUT_WINDOW: usize = memory.data(1114112, 16);
export const OUTPUT: usize = OUTPUT_WINDOW + HEADER_ROOM;

/** Compresses `length` bytes at CHUNK; the `dictionary` bytes before it may be referred to. */
export function compress(level: u32, dictionary: u32, length: u32, last: bool): u32 {
  const first = CHUNK - dictionary;
  const end = CHUNK + length;
  begin(OUTPUT, CHUNK);
  if (level === 1) parseGreedily(first, CHUNK, end);
  else if (level < 9) parseLazily(first, CHUNK, end);
  else parseOptimal(first, CHUNK, end);
  endBlocks(end, last);
  if (!last) writeJoin();
  return <u32>(finish() - OUTPUT);
}

/** The CRC-32 of the chunk's `length` bytes. */
export function checksum(length: u32): u32 {
  return crc32Long(CHUNK, length, 0);
}

/** Keeps the chunk's last 32 KiB as the next one's dictionary. */
export function carry(): void {
  memory.copy(INPUT, CHUNK + CHUNK_SIZE - WINDOW_SIZE, WINDOW_SIZE);
}
