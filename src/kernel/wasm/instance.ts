import { type CodecWork, codecOf } from "../codec.ts";
import type { Codec } from "../kernels.ts";
import type { KernelExports } from "./exports.ts";

/** One instance of the kernels: its own memory, hence one codec's work at a time. */
export interface KernelInstance {
  readonly kernels: KernelExports;
  /** All of linear memory; it never grows, so the view stays valid. */
  readonly memory: Uint8Array;
}

/** Instances kept for reuse; more than a pipeline runs at once would only hold memory. */
const KEPT = 8;

/**
 * Instances of a compiled module, lent to one codec each. An instance's memory
 * reserves gigabytes of address space in some engines, so they are reused; each
 * kernel's `init` sets all its state, so nothing of the previous use is left.
 */
export class InstancePool {
  readonly #module: WebAssembly.Module;
  readonly #free: KernelInstance[] = [];

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  acquire(): KernelInstance {
    return this.#free.pop() ?? instantiate(this.#module);
  }

  release(instance: KernelInstance): void {
    if (this.#free.length < KEPT) this.#free.push(instance);
  }
}

/** A codec that has an instance of the pool to itself while it is in use. */
export function pooledCodec(pool: InstancePool, begin: (instance: KernelInstance) => CodecWork): Codec {
  let instance: KernelInstance | undefined;
  return codecOf(
    () => {
      instance = pool.acquire();
      return begin(instance);
    },
    () => {
      if (instance) pool.release(instance);
      instance = undefined;
    },
  );
}

/** An instance of its own. */
export function instantiate(module: WebAssembly.Module): KernelInstance {
  const kernels = new WebAssembly.Instance(module).exports as unknown as KernelExports;
  return { kernels, memory: new Uint8Array(kernels.memory.buffer) };
}
