/**
 * Buffers that come back. Who makes chunks for others may lend them; the last
 * to read one gives it back, and it is filled again. Fresh buffers cost a page
 * fault for each 4 KiB and a collection of the whole heap for each 64 MiB that
 * pass: of a download of 51 MB that was a tenth, of its memory 43 MB.
 *
 * A chunk belongs to who received it. What is never given back, nor passed on to
 * somebody who does, is collected like everything else: only a reader that
 * certainly is the last gives back, and each byte is given back once.
 */

/** One buffer on loan. */
interface Loan {
  /** Bytes that are still out. */
  left: number;
  readonly back: () => void;
}

const loans = new WeakMap<ArrayBufferLike, Loan>();

/** Written over what is given back, so that somebody who does read on goes wrong at once, and not once in a while. */
const SPOILT = new Uint8Array(32).fill(0xdb);

/** Lends bytes, in parts or as a whole; all that their buffer holds. `back` is called when all have been given back. */
export function lend<T extends Uint8Array>(bytes: T, back: () => void): T {
  loans.set(bytes.buffer, { left: bytes.length, back });
  return bytes;
}

/** Says that nobody will read these bytes any more. Bytes that nobody lent are left alone. */
export function giveBack(bytes: Uint8Array): void {
  const loan = loans.get(bytes.buffer);
  if (!loan) return;
  bytes.set(SPOILT.subarray(0, bytes.length));
  loan.left -= bytes.length;
  if (loan.left > 0) return;
  loans.delete(bytes.buffer);
  // Given back twice: somebody may still read them.
  if (loan.left === 0) loan.back();
}

export function isLent(bytes: Uint8Array): boolean {
  return loans.has(bytes.buffer);
}
