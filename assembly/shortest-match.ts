/**
 * How short a match may be and still cost less than its literals.
 *
 * Where literals are of a few kinds, as in hexadecimal digests, UUIDs, numbers and
 * bases of DNA, each costs few bits, and a match of three or four bytes costs more.
 * A parser that takes them all the same makes literals rare and so dear, and never
 * finds out. So it is told by what does not depend on how many literals there are:
 * their entropy among themselves. libdeflate (Eric Biggers, MIT) counts the distinct
 * literals in use instead; entropy needs no threshold of what counts as used.
 * The bounds below were found by trial.
 */
import { WINDOW_SIZE } from "./deflate-format";

/** Below so many bits of a literal, in the unit of entropy.ts, a match must have 8, 7, 6, 5 or 4 bytes. */
const BITS_8: u32 = 563;
const BITS_7: u32 = 743;
const BITS_6: u32 = 930;
const BITS_5: u32 = 1152;
const BITS_4: u32 = 1225;

/** The least length, of 3 to 8, for literals of so many bits. */
export function shortestMatch(literalBits: u32): u32 {
  if (literalBits < BITS_8) return 8;
  if (literalBits < BITS_7) return 7;
  if (literalBits < BITS_6) return 6;
  if (literalBits < BITS_5) return 5;
  return literalBits < BITS_4 ? 4 : 3;
}

/** How far away a match of three bytes may be. */
export function shortReach(literalBits: u32): u32 {
  if (literalBits < 1420) return 4096;
  return literalBits < 1700 ? 8192 : WINDOW_SIZE;
}
