/** Copies 16 bytes, in one step where the build has vectors; all are read before any is written. */
export function copy16(to: usize, from: usize): void {
  if (ASC_FEATURE_SIMD) {
    v128.store(to, v128.load(from));
  } else {
    const first = load<u64>(from);
    const second = load<u64>(from, 8);
    store<u64>(to, first);
    store<u64>(to, second, 8);
  }
}
