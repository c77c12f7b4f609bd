import { readFile } from "node:fs/promises";
import { wasmKernels } from "../../src/kernel/wasm.ts";
import { kernelsContract } from "./kernels.ts";

kernelsContract("the kernels in WebAssembly without vectors", async () => {
  const bytes = await readFile(new URL("../../dist/kernels-scalar.wasm", import.meta.url));
  return wasmKernels(await WebAssembly.compile(bytes));
});
