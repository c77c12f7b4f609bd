/**
 * What a step of a decompressor answers. 0 and above: how to go on. Below 0:
 * why the data is invalid; the driver's table of messages (src/kernel/wasm)
 * follows these numbers.
 */

/** All input is used; give more. */
export const NEED_INPUT: i32 = 0;
/** The output window is full: take it, then push nothing to go on. */
export const HAVE_OUTPUT: i32 = 1;
/** The DEFLATE stream is over. */
export const DONE: i32 = 2;
/** At the beginning of a block, which was asked for: push nothing to go on. */
export const AT_BLOCK: i32 = 3;

export const BAD_BLOCK_TYPE: i32 = -1;
export const BAD_STORED_LENGTH: i32 = -2;
export const BAD_CODE: i32 = -3;
export const BAD_SYMBOL: i32 = -4;
export const BAD_DISTANCE: i32 = -5;
export const BAD_MAGIC: i32 = -6;
export const BAD_METHOD: i32 = -7;
export const BAD_FLAGS: i32 = -8;
export const BAD_HEADER_CRC: i32 = -9;
export const BAD_CRC: i32 = -10;
export const BAD_LENGTH: i32 = -11;
export const TRAILING_DATA: i32 = -12;

/** Between a kernel's own steps, never an answer: one is finished, take the next. */
export const NEXT: i32 = 100;
