/** What the app's tests run over: memory, unless the host they run on brings its own. */
import { randomBytes } from "node:crypto";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import type { Kernels } from "../../../src/kernel/kernels.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import type { Store } from "../../../src/store/store.ts";

export interface Backend {
  readonly kernels: Kernels;
  /** New and empty. */
  readonly store: Store;
}

let current = async (): Promise<Backend> => {
  const kernels = await fallbackKernels();
  return { kernels, store: memoryStore(kernels, (length) => new Uint8Array(randomBytes(length))) };
};

/** For a setup file: what `newBackend` makes from then on. */
export function useBackend(make: () => Promise<Backend>): void {
  current = make;
}

export const newBackend = (): Promise<Backend> => current();
