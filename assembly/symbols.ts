/**
 * The literals and matches of a DEFLATE block (RFC 1951 §3.2.3): where
 * decompression spends its time.
 *
 * Algorithm: a 64-bit buffer of input bits and table look-ups. While at least
 * FAST_INPUT bytes of input are at hand, the fast loop refills the buffer with
 * one unaligned load, decodes up to three symbols from it, and copies matches
 * sixteen bytes at a time past their end: no check of input or output inside.
 * The next symbol's entry is looked up before a match is copied, so that the
 * table's latency and the copy's overlap. The last bytes of input go through the
 * careful loop, which decodes a symbol whole (at most 48 bits) or not at all; so
 * at a pause everything unread is in the bit buffer and no input has to be kept.
 * The branch-free refill, the packed table entries and the early look-up are
 * libdeflate's published design (Eric Biggers, MIT).
 *
 * What bounds it is a chain: a symbol's entry tells by how much to shift, and only
 * then can the next be looked up. V8 puts a mask before each shift that nothing
 * removes, so a link is load, mask, shift, mask: 7 cycles on AMD's Zen 4 since the
 * buffer stands PADDING bits left of its value (its bits are offsets then, and
 * need no shift to become such) and the table at address 0 (decode-table.ts),
 * where it was 9.
 *
 * In a block of data that was compressed before, nearly every literal has a code
 * of eight bits. There a run of them is read without waiting for the entries, by
 * shifting eight and a branch that finds out afterwards: the processor foresees
 * it, and a link is a shift: 6 % on a tar that has gzipped files in it.
 *
 * What was measured, and did not help (this is 1420 MB/s on text and 1080 on a
 * tar, Node 24, AMD EPYC; checksum and framing included): refilling once for a
 * match instead of twice costs 1 %; looking up the next literal and the distance
 * before it is known which of them comes costs 2 % on the tar, and gives text 1 %;
 * 16, 32 or 64 bytes of a match copied at once, instead of 48, cost 6 to 10, 1 to 3
 * and up to 1 %. In an earlier version, with the longer chain: a third less when
 * matches are copied byte by byte or by memory.copy; 10 % less with globals for
 * locals; two literals in an entry and a fourth literal before the refill cost
 * more than they save. What did help: one subtraction of a whole entry to count
 * bits, of which the low ones are right; the two limits in one test; literals told
 * by the sign. Together with the chain those made text 16 % faster, the tar 14 %.
 */
import { bitCount, bits, continueBits, input, inputEnd, lowBits } from "./bit-reader";
import { copy16 } from "./copy";
import {
  DISTANCE_BITS,
  DISTANCE_TABLE,
  END,
  INVALID,
  LITLEN_BITS,
  LITLEN_TABLE,
  PADDING,
  POINTER,
  STOP,
  USUAL_MASK,
  usualLiteral,
} from "./decode-table";
import { continueOutput, history, OUTPUT_LIMIT, output } from "./output-window";
import { BAD_DISTANCE, BAD_SYMBOL, HAVE_OUTPUT, NEED_INPUT, NEXT } from "./status";

/** What the fast loop may read from one test of the input to the next: two refills, each a word at most seven bytes on. */
const FAST_INPUT: usize = 24;

const LITLEN_MASK: usize = ((1 << LITLEN_BITS) - 1) << PADDING;
const DISTANCE_MASK: usize = ((1 << DISTANCE_BITS) - 1) << PADDING;

/** The fast loop's answer where the careful one goes on. */
const CAREFUL: i32 = 101;

/** Fast while input and output have room, then symbol by symbol; NEXT when the block is over. */
export function readSymbols(): i32 {
  const status = input + FAST_INPUT <= inputEnd && output < OUTPUT_LIMIT ? readFast() : CAREFUL;
  return status === CAREFUL ? readCareful() : status;
}

/**
 * Symbols while FAST_INPUT bytes are at hand. `buffer` begins with PADDING bits
 * that mean nothing; `count` includes them, and only its low six bits are right.
 */
function readFast(): i32 {
  // Locals, since each global would be a memory access.
  const fastEnd = inputEnd - FAST_INPUT;
  const oldest = history;
  const usual = usualLiteral;
  let source = input;
  let target = output;
  let buffer = bits << PADDING;
  let count = bitCount + PADDING;
  let status = CAREFUL;

  // Refill to at least 54 bits. The bits above `count` are input too, so loading them again changes nothing.
  buffer |= load<u64>(source) << count;
  source += loaded(count);
  count |= 56;
  let entry = litlenEntry(buffer);

  for (;;) {
    let saved = buffer;
    buffer >>= entry;
    count -= entry;
    if (isLiteral(entry)) {
      store<u8>(target, entry >> 16);
      entry = litlenEntry(buffer);
      saved = buffer;
      buffer >>= entry;
      count -= entry;
      if (isLiteral(entry)) {
        store<u8>(target, entry >> 16, 1);
        target += 2;
        entry = litlenEntry(buffer);
        saved = buffer;
        buffer >>= entry;
        count -= entry;
        if (isLiteral(entry)) {
          store<u8>(target, entry >> 16);
          target++;
          entry = litlenEntry(buffer);
          if ((entry & USUAL_MASK) === usual) {
            // A run of them; those in between whose code is another are taken one by one.
            do {
              store<u8>(target, entry >> 16);
              target++;
              buffer >>= entry;
              count -= entry;
              entry = litlenEntry(buffer);
              buffer |= load<u64>(source) << count;
              source += loaded(count);
              count |= 56;
              for (;;) {
                if (isAtEdge(source, fastEnd, target)) break;
                if ((entry & USUAL_MASK) !== usual) break;
                store<u8>(target, entry >> 16);
                target++;
                buffer >>= 8;
                count -= 8;
                entry = litlenEntry(buffer);
                if ((entry & USUAL_MASK) !== usual) break;
                store<u8>(target, entry >> 16);
                target++;
                buffer >>= 8;
                count -= 8;
                entry = litlenEntry(buffer);
                if ((entry & USUAL_MASK) !== usual) break;
                store<u8>(target, entry >> 16);
                target++;
                buffer >>= 8;
                count -= 8;
                entry = litlenEntry(buffer);
                if ((entry & USUAL_MASK) !== usual) break;
                store<u8>(target, entry >> 16);
                target++;
                buffer >>= 8;
                count -= 8;
                entry = litlenEntry(buffer);
                buffer |= load<u64>(source) << count;
                source += loaded(count);
                count |= 56;
              }
            } while (isLiteral(entry) && !isAtEdge(source, fastEnd, target));
          }
          buffer |= load<u64>(source) << count;
          source += loaded(count);
          count |= 56;
          if (isAtEdge(source, fastEnd, target)) break;
          continue;
        }
      } else {
        target++;
      }
    }
    // At least 21 bits are left: enough for the rest of any literal or length (9, or 4 + 5), and a distance's index.
    if (entry & (POINTER | STOP)) {
      if (entry & POINTER) {
        entry = load<u32>(subtableOffset(entry, buffer), LITLEN_TABLE);
        saved = buffer;
        buffer >>= entry;
        count -= entry;
      }
      if (isLiteral(entry)) {
        store<u8>(target, entry >> 16);
        target++;
        entry = litlenEntry(buffer);
        buffer |= load<u64>(source) << count;
        source += loaded(count);
        count |= 56;
        if (isAtEdge(source, fastEnd, target)) break;
        continue;
      }
      if (entry & STOP) {
        status = isInvalid(entry) ? BAD_SYMBOL : NEXT;
        break;
      }
    }
    const length: usize = value(entry, saved);

    entry = load<u32>(<usize>buffer & DISTANCE_MASK, DISTANCE_TABLE);
    buffer |= load<u64>(source) << count;
    source += loaded(count);
    count |= 56;
    if (entry & (POINTER | STOP)) {
      if (entry & POINTER) {
        buffer >>= DISTANCE_BITS;
        count -= DISTANCE_BITS;
        entry = load<u32>(subtableOffset(entry, buffer), DISTANCE_TABLE);
      }
      if (entry & STOP) {
        status = BAD_SYMBOL;
        break;
      }
    }
    const distance: usize = value(entry, buffer);
    buffer >>= entry;
    count -= entry;
    if (distance > target - oldest) {
      status = BAD_DISTANCE;
      break;
    }
    // The next symbol's entry, asked for before the copy so that it is there after it: at least 26 bits are left.
    entry = litlenEntry(buffer);
    buffer |= load<u64>(source) << count;
    source += loaded(count);
    count |= 56;

    const end = target + length;
    let from = target - distance;
    if (distance >= 16) {
      // Nearly all matches end here, and a branch always taken costs less than a guess at the length.
      copy16(target, from);
      copy16(target + 16, from + 16);
      copy16(target + 32, from + 32);
      while (target + 48 < end) {
        from += 48;
        target += 48;
        copy16(target, from);
        copy16(target + 16, from + 16);
        copy16(target + 32, from + 32);
      }
    } else if (ASC_FEATURE_SIMD && distance === 1) {
      const run = i8x16.splat(load<u8>(from));
      do {
        v128.store(target, run);
        target += 16;
      } while (target < end);
    } else if (distance >= 8) {
      do {
        store<u64>(target, load<u64>(from));
        from += 8;
        target += 8;
      } while (target < end);
    } else {
      // Eight bytes are copied, of which only the first `distance` are right, since the rest were not there yet.
      do {
        store<u64>(target, load<u64>(from));
        from += distance;
        target += distance;
      } while (target < end);
    }
    target = end;
    if (isAtEdge(source, fastEnd, target)) break;
  }

  continueOutput(target);
  count = (count & 63) - PADDING;
  // Uncounted bits above `count` are input loaded early; the byte-wise refill needs them zero.
  continueBits(source, lowBits(buffer >> PADDING, count), count);
  return status;
}

/** Decodes a symbol whole or not at all, so that a pause can come at any byte. `buffer` and `count` as above. */
function readCareful(): i32 {
  let source = input;
  const sourceEnd = inputEnd;
  let target = output;
  const oldest = history;
  let buffer = bits << PADDING;
  let count = bitCount + PADDING;
  let status = HAVE_OUTPUT;

  while (target < OUTPUT_LIMIT) {
    while (count < 56 && source < sourceEnd) {
      buffer |= (<u64>load<u8>(source)) << count;
      source++;
      count += 8;
    }

    let used = PADDING;
    let entry = litlenEntry(buffer);
    let saved = buffer;
    if (entry & POINTER) {
      used += LITLEN_BITS;
      saved >>= LITLEN_BITS;
      entry = load<u32>(subtableOffset(entry, saved), LITLEN_TABLE);
    }
    used += entry & 255;
    if (used > count) {
      status = NEED_INPUT;
      break;
    }
    saved >>= entry;
    if (entry & STOP) {
      if (isInvalid(entry)) {
        status = BAD_SYMBOL;
        break;
      }
      buffer = saved;
      count -= used - PADDING;
      status = NEXT;
      break;
    }
    if (isLiteral(entry)) {
      buffer = saved;
      count -= used - PADDING;
      store<u8>(target, entry >> 16);
      target++;
      continue;
    }
    const length: usize = value(entry, buffer >> (used - PADDING - (entry & 255)));

    entry = load<u32>(<usize>saved & DISTANCE_MASK, DISTANCE_TABLE);
    if (entry & POINTER) {
      used += DISTANCE_BITS;
      saved >>= DISTANCE_BITS;
      entry = load<u32>(subtableOffset(entry, saved), DISTANCE_TABLE);
    }
    used += entry & 255;
    if (used > count) {
      status = NEED_INPUT;
      break;
    }
    if (entry & STOP) {
      status = BAD_SYMBOL;
      break;
    }
    const distance: usize = value(entry, saved);
    if (distance > target - oldest) {
      status = BAD_DISTANCE;
      break;
    }
    buffer = saved >> entry;
    count -= used - PADDING;
    for (const end = target + length; target < end; target++) {
      store<u8>(target, load<u8>(target - distance));
    }
  }

  continueOutput(target);
  continueBits(source, buffer >> PADDING, count - PADDING);
  return status;
}

/** The entry of the symbol that `buffer` begins with, or of its subtable. */
function litlenEntry(buffer: u64): u32 {
  return load<u32>(<usize>buffer & LITLEN_MASK, LITLEN_TABLE);
}

function isLiteral(entry: u32): bool {
  return <i32>entry < 0;
}

/** Of an entry with STOP: no symbol, rather than the block's end. */
function isInvalid(entry: u32): bool {
  return (entry & INVALID) !== END;
}

/** Bytes that a refill adds to `count` bits. */
function loaded(count: u32): u32 {
  return ((count ^ 63) >> 3) & 7;
}

/** Less than FAST_INPUT bytes are left to read, or the window is full; in one test, since each differs in sign. */
function isAtEdge(source: usize, fastEnd: usize, target: usize): bool {
  return <i32>((fastEnd - source) | (OUTPUT_LIMIT - 1 - target)) < 0;
}

/** The offset in its table of the entry that a pointer and the bits after it lead to. */
function subtableOffset(pointer: u32, following: u64): usize {
  const mask = ((1 << ((pointer >> 8) & 15)) - 1) << PADDING;
  return (pointer >> 16) + (<u32>following & mask);
}

/** A length or distance, of the buffer that begins with it: its base and the extra bits that follow its code. */
function value(entry: u32, from: u64): u32 {
  const all = from & ~(((<u64>-1) << PADDING) << entry);
  return (entry >> 16) + <u32>(all >> (entry >> 8));
}
