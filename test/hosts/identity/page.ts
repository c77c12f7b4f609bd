/** In a browser: a function for the test to call, with the kernels in base64, and the text of the pool's worker. */
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { browserPool } from "../../../web/host/pool.ts";
import { identityDigestsWithPools } from "./digests.ts";

declare global {
  var digestsWith: (kernels: string, worker: string) => Promise<Record<string, string>>;
}

globalThis.digestsWith = async (kernels, worker) => {
  const bytes = Uint8Array.from(atob(kernels), (character) => character.charCodeAt(0));
  const module = await WebAssembly.compile(bytes);
  const makeWorker = () => new Worker(URL.createObjectURL(new Blob([worker], { type: "text/javascript" })));
  return identityDigestsWithPools(wasmKernels(module), (size) =>
    browserPool(module, { size, makeWorker, worthAWorker: 0 }),
  );
};
