import { readFile } from "node:fs/promises";
import type { KernelExports } from "../../../src/kernel/wasm/exports.ts";

/** The compiled kernels.wasm. */
export async function kernelModule(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(new URL("../../../dist/kernels.wasm", import.meta.url)));
}

/** An instance of it, to drive its ABI directly. */
export async function kernelInstance(): Promise<{ kernels: KernelExports; memory: Uint8Array }> {
  const { exports } = new WebAssembly.Instance(await kernelModule());
  const kernels = exports as unknown as KernelExports;
  return { kernels, memory: new Uint8Array(kernels.memory.buffer) };
}
