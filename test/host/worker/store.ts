import { env } from "cloudflare:workers";
import module from "../../../dist/kernels.wasm";
import type { Bindings } from "../../../edge/host/cloudflare-bindings.ts";
import { r2Store } from "../../../edge/host/r2-store.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import type { Store } from "../../../src/store/store.ts";

export const kernels = wasmKernels(module);
export const bindings = env as unknown as Bindings;

/** The store over the bindings, as a new worker would have it. */
export const newStore = (): Store => r2Store(bindings, kernels);

/** The sizes of what lies in the bucket, by key. */
export async function objectSizes(): Promise<number[]> {
  const { objects } = await bindings.BUCKET.list();
  return objects.map(({ size }) => size);
}
