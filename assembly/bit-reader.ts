/**
 * The compressed input as bits, lowest bit of each byte first (RFC 1951 §3.1.1).
 *
 * Up to 61 bits wait in `bits`, the next one lowest; above `bitCount` it is zero.
 * No more, since symbols.ts puts two bits of padding before them, and a shift by
 * 64 is one by 0.
 * The steps around the symbols take theirs here; symbols.ts has a loop of its own
 * over copies of these variables, since a module's variables are memory to V8 and
 * can be set in that module only.
 */

export const INPUT_SIZE: u32 = 64 * 1024;
export const INPUT: usize = memory.data(65536, 16);

/** The input not yet in `bits`. */
export let input: usize = INPUT;
export let inputEnd: usize = INPUT;
export let bits: u64 = 0;
export let bitCount: u32 = 0;

/** Nothing read, nothing given. */
export function resetBits(): void {
  input = inputEnd = INPUT;
  bits = 0;
  bitCount = 0;
}

/** `length` bytes at INPUT, all before them being in `bits`. */
export function supplyInput(length: u32): void {
  input = INPUT;
  inputEnd = INPUT + length;
}

/** Goes on at `from`, `count` bits before it being in `unread`. */
export function continueBits(from: usize, unread: u64, count: u32): void {
  input = from;
  bits = unread;
  bitCount = count;
}

/** Bits of the input given that are not used yet. */
export function unreadBits(): u32 {
  return bitCount + ((<u32>(inputEnd - input)) << 3);
}

/** True if `bits` holds `count` bits; fills it as far as the input allows. */
export function need(count: u32): bool {
  while (bitCount < 54 && input < inputEnd) {
    bits |= (<u64>load<u8>(input)) << bitCount;
    bitCount += 8;
    input++;
  }
  return bitCount >= count;
}

/** The next `count` bits, which `need` has found there. */
export function takeBits(count: u32): u32 {
  const taken = <u32>lowBits(bits, count);
  bits >>= count;
  bitCount -= count;
  return taken;
}

/** Drops the rest of a byte begun. */
export function alignToByte(): void {
  takeBits(bitCount & 7);
}

/** The next byte of input, or -1 if there is none; only at a byte's boundary. */
export function takeByte(): i32 {
  return need(8) ? <i32>takeBits(8) : -1;
}

export function lowBits(from: u64, count: u32): u64 {
  return from & ~((<u64>-1) << count);
}
