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
 *
 * Where nearly all is literals, as in base64 of what is compressed already, or in
 * samples of a signal, the few matches have a rare length's symbol and a distance far
 * away, 24 bits together as a rule, and must be worth it. But such a rule sees no
 * longer what it forbids: a table of numbers after such data would be
 * written in literals to its end (one of 64 kB in a Debian layer, 39% larger). So it
 * holds for a few segments, then one is parsed without it, and judged.
 */
import { isMostlyLiteral, literalBits } from "./block-splitter";
import { WINDOW_SIZE } from "./deflate-format";
import { BIT_SHIFT } from "./entropy";
import { limitMatches } from "./match-finder";

/** Below so many bits of a literal, in the unit of entropy.ts, a match must have 8, 7, 6, 5 or 4 bytes. */
const BITS_8: u32 = 563;
const BITS_7: u32 = 743;
const BITS_6: u32 = 930;
const BITS_5: u32 = 1152;
const BITS_4: u32 = 1225;

/** What a literal is taken to cost before there are any: 5.8 bits, as in text. */
const INITIAL_LITERAL_BITS: u32 = 1499;

/** What a match costs where there are few. */
const RARE_MATCH_BITS: u32 = 24 << BIT_SHIFT;
/** No match is too short with so many bytes. */
const LONGEST_LEAST: u32 = 8;
/** Segments that it holds for until one is parsed without. */
const RARE_SEGMENTS: u32 = 4;
let rareSegments: u32 = 0;

/** Sets what match-finder.ts leaves out at a chunk's begin. */
export function beginLimits(): void {
  rareSegments = 0;
  limitMatches(shortestMatch(INITIAL_LITERAL_BITS), shortReach(INITIAL_LITERAL_BITS));
}

/** Sets it from the segment that has just ended. */
export function updateLimits(): void {
  const bits = literalBits();
  if (rareSegments > 0) rareSegments--;
  else if (isMostlyLiteral()) rareSegments = RARE_SEGMENTS;
  const least = shortestMatch(bits);
  const dear = rareSegments > 0 ? min(RARE_MATCH_BITS / max(bits, 1), LONGEST_LEAST) : 0;
  limitMatches(max(least, dear), shortReach(bits));
}

/** The least length, of 3 to 8, for literals of so many bits. */
export function shortestMatch(literalBits: u32): u32 {
  if (literalBits < BITS_8) return LONGEST_LEAST;
  if (literalBits < BITS_7) return 7;
  if (literalBits < BITS_6) return 6;
  if (literalBits < BITS_5) return 5;
  return literalBits < BITS_4 ? 4 : 3;
}

/** How far away a match of three bytes may be. */
function shortReach(literalBits: u32): u32 {
  if (literalBits < 1420) return 4096;
  return literalBits < 1700 ? 8192 : WINDOW_SIZE;
}
