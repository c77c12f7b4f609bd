import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { mixture, noise, prose, runCodec } from "../../contract/kernels-input.ts";
import { kernelModule } from "./module.ts";

test("the build without vectors writes the same gzip and saves the same states as the other", async () => {
  const scalarBytes = await readFile(new URL("../../../dist/kernels-scalar.wasm", import.meta.url));
  const scalar = wasmKernels(await WebAssembly.compile(scalarBytes));
  const vector = wasmKernels(await kernelModule());
  for (const data of [prose(70_000), noise(70_000), mixture(1_500_000, 4), new Uint8Array()]) {
    expect(runCodec(scalar.gzip(), [data]).equals(runCodec(vector.gzip(), [data]))).toBe(true);
    const states = [scalar, vector].map((kernels) => {
      const hasher = kernels.resumableSha256();
      hasher.update(data);
      return hasher.save();
    });
    expect(states[0]).toEqual(states[1]);
  }
});
