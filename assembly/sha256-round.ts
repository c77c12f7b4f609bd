/**
 * A round of SHA-256 (FIPS 180-4 §6.2.2 step 3) in two halves, between which the
 * caller does `d += h`; `h` becomes the new `a`, so that no variable is moved.
 *
 * Maj(a, b, c) = b ^ ((a ^ b) & (b ^ c)), and b ^ c is what a ^ b was a round
 * ago: carried over, it saves an operation in each of the sixty-four rounds.
 */

/** T1 = h + Kt + Wt + Ch(e, f, g) + Σ1(e), the first three being `sum`. */
export function first(sum: u32, e: u32, f: u32, g: u32): u32 {
  return sum + (g ^ (e & (f ^ g))) + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25));
}

/** T1 + T2, which is T1 + Maj(a, b, c) + Σ0(a). */
export function second(t1: u32, a: u32, b: u32, ab: u32, bc: u32): u32 {
  return t1 + (b ^ (ab & bc)) + (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22));
}
