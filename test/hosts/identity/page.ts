/** In a browser: a function for the test to call, with the kernels in base64. */
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { identityDigests } from "./digests.ts";

declare global {
  var digestsWith: (kernels: string) => Promise<Record<string, string>>;
}

globalThis.digestsWith = async (kernels) => {
  const bytes = Uint8Array.from(atob(kernels), (character) => character.charCodeAt(0));
  return identityDigests(wasmKernels(await WebAssembly.compile(bytes)));
};
