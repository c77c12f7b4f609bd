/** What zstd.test.ts runs in a browser. */
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { zstdSampleDigest } from "../zstd-sample.ts";

/** The modules, as base64: a page of no origin may load nothing. */
export type Modules = Readonly<Record<"kernels" | "zstd-decoder" | "zstd-encoder", string>>;

async function digestIn(modules: Modules): Promise<string> {
  const compile = (text: string) =>
    WebAssembly.compile(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  return zstdSampleDigest(
    wasmKernels(await compile(modules.kernels), {
      decoder: () => compile(modules["zstd-decoder"]),
      encoder: () => compile(modules["zstd-encoder"]),
    }),
  );
}

Object.assign(globalThis, { zstdDigest: digestIn });
