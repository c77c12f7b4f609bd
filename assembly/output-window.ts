/**
 * Where decompressed bytes go: 32 KiB of history, then OUTPUT_SIZE bytes, then
 * slack, so that a symbol begun in bounds needs no further check. When it is full,
 * the last 32 KiB move to the front. The host takes its output as a view of this.
 *
 * The limit is a constant, for one that is kept in a register costs 5 %.
 */
import { WINDOW_SIZE } from "./deflate-format";

const OUTPUT_SIZE: u32 = 256 * 1024;
// The slack is 1 KiB: three literals and a match rounded up to 48 need 291.
const OUTPUT: usize = memory.data(295936, 16);
export const OUTPUT_LIMIT: usize = OUTPUT + WINDOW_SIZE + OUTPUT_SIZE;
export const HISTORY: usize = OUTPUT;

/** Where the next byte goes. */
export let output: usize = OUTPUT;
/** Where the output of this push begins. */
let outputBegin: usize = OUTPUT;
/** The oldest byte a match may copy: nothing before the stream's own beginning. */
export let history: usize = OUTPUT;

/** An empty window, but for `length` bytes of history at HISTORY. */
export function resetOutput(length: u32): void {
  history = OUTPUT;
  output = outputBegin = OUTPUT + length;
}

/** From here on nothing before may be copied. */
export function forgetHistory(): void {
  history = output;
}

/** What was put out has been taken: makes room if there is none. */
export function freeOutput(): void {
  if (output >= OUTPUT_LIMIT) {
    const shift = output - WINDOW_SIZE - OUTPUT;
    memory.copy(OUTPUT, OUTPUT + shift, WINDOW_SIZE);
    output -= shift;
    history = history > OUTPUT + shift ? history - shift : OUTPUT;
  }
  outputBegin = output;
}

/** All before `to` has been written. */
export function continueOutput(to: usize): void {
  output = to;
}

/** Where the output of this push begins. */
export function outputStart(): usize {
  return outputBegin;
}

/** Bytes of output of this push. */
export function outputLength(): u32 {
  return <u32>(output - outputBegin);
}

/** Where the output begins that the next block may copy from. */
export function historyStart(): usize {
  return output - historyLength();
}

/** Bytes of output that the next block may copy from. */
export function historyLength(): u32 {
  return min(<u32>(output - history), WINDOW_SIZE);
}
