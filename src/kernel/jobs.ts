/**
 * What workers do. A kind of job is one entry of JOBS: given the modules it
 * makes what it works with, and gets a function from input to output. Inputs
 * and outputs are records that can be cloned; the buffers of their byte arrays
 * are moved, not copied, so whoever gives them has them no longer.
 */
import { misuse } from "./failure.ts";
import { wasmDeflate } from "./wasm/deflate.ts";
import { instantiate } from "./wasm/instance.ts";
import { wasmZstdFrames } from "./wasm/zstd-frames.ts";

/** Compiled once by the host, and shared by all workers. */
export interface Modules {
  /** kernels.wasm. */
  readonly kernels: WebAssembly.Module;
}

export const JOBS = {
  deflate: ({ kernels }: Modules) => wasmDeflate(instantiate(kernels)),
  zstd: ({ kernels }: Modules) => wasmZstdFrames(instantiate(kernels)),
};

export type JobKind = keyof typeof JOBS;
type Work<K extends JobKind> = ReturnType<(typeof JOBS)[K]>;
export type JobInput<K extends JobKind> = Parameters<Work<K>>[0];
export type JobOutput<K extends JobKind> = ReturnType<Work<K>>;

/** Kinds of job by name. Tests bring some of their own. */
export type JobTable = Readonly<Record<string, (modules: Modules) => (input: never) => object>>;

/** Does jobs on this thread; what a kind works with is made at its first job. */
export function jobRunner(modules: Modules, table: JobTable = JOBS): (kind: string, input: object) => object {
  const ready = new Map<string, (input: never) => object>();
  return (kind, input) => {
    const work = ready.get(kind) ?? table[kind]?.(modules);
    if (!work) throw misuse(`a job of kind "${kind}"`);
    ready.set(kind, work);
    return work(input as never);
  };
}

/** The buffers that go with a job's input or output. */
export function buffersOf(record: object): ArrayBuffer[] {
  return Object.values(record)
    .filter((value) => value instanceof Uint8Array)
    .map(({ buffer }) => buffer as ArrayBuffer);
}
