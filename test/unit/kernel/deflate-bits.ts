/** DEFLATE written bit by bit, for streams that no compressor makes. */

/** A value and how many bits of it, lowest first. */
export type Bits = readonly [value: number, count: number];

/** A Huffman code's bits, which go highest first (RFC 1951 §3.1.1). */
export function code(bits: string): Bits {
  return [Number.parseInt([...bits].reverse().join(""), 2), bits.length];
}

export function deflateBits(...parts: readonly Bits[]): Uint8Array {
  const bits = parts.flatMap(([value, count]) => Array.from({ length: count }, (_, i) => (value >> i) & 1));
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [i, bit] of bits.entries()) bytes[i >> 3] = (bytes[i >> 3] as number) | (bit << (i & 7));
  return bytes;
}

/** The header of a last block of the fixed code. */
export const FIXED: Bits = [0b011, 3];

const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/**
 * The header of a last dynamic block: its code lengths, literals' and
 * distances', one by one. The precode gives 0, 1, 2 and a repeat two bits each:
 * 00, 01, 10 and 11. A negative length is that many repeats of the one before.
 */
export function dynamic(litlen: readonly number[], distance: readonly number[]): Bits[] {
  const precode = ORDER.slice(0, 18).map((symbol): Bits => [[0, 1, 2, 16].includes(symbol) ? 2 : 0, 3]);
  const length = (value: number): Bits[] =>
    value < 0 ? [code("11"), [-value - 3, 2]] : [code(value.toString(2).padStart(2, "0"))];
  return [
    [0b101, 3],
    [count(litlen) - 257, 5],
    [count(distance) - 1, 5],
    [18 - 4, 4],
    ...precode,
    ...[...litlen, ...distance].flatMap(length),
  ];
}

function count(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + (length < 0 ? -length : 1), 0);
}

/** Lengths for `count` symbols, all 0 but those named. */
export function lengths(count: number, named: Readonly<Record<number, number>>): number[] {
  return Array.from({ length: count }, (_, symbol) => named[symbol] ?? 0);
}
