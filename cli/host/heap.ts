/**
 * V8's space for young objects grows with what a run makes. In one that holds
 * many objects, that is memory without use: of images of 120,000 paths, diff
 * took 357 MB with it and check 355.
 */

/**
 * In milliseconds. Not from the start: under flags that are not V8's own, Node
 * compiles the modules built into it from their source: crypto, net,
 * child_process and dns took 15 to 23 ms in place of 6 to 9.
 */
const SOON = 300;

/** Times as large after each growth; V8 has 2. */
let factor = 2;

/** Has the space for young objects grow no more, in a run that takes longer than a short one. */
export function keepHeapSmall(): void {
  setTimeout(() => setFactor(1), SOON).unref();
}

/** Compiled code is refused under other flags than it was made under: so it is compiled, and kept, under those of the start. */
export function underFirstFlags<T>(work: () => T): T {
  const now = factor;
  if (now === 2) return work();
  setFactor(2);
  try {
    return work();
  } finally {
    setFactor(now);
  }
}

function setFactor(to: number): void {
  factor = to;
  try {
    process.getBuiltinModule("node:v8").setFlagsFromString(`--semi-space-growth-factor=${to}`);
  } catch {
    // Another engine, which has no such thing.
  }
}
