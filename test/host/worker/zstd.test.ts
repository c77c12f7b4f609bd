import { expect, test } from "vitest";
import module from "../../../dist/kernels.wasm";
import decoder from "../../../dist/zstd-decoder.wasm";
import encoder from "../../../dist/zstd-encoder.wasm";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { ZSTD_SAMPLE_DIGEST, zstdSampleDigest } from "../zstd-sample.ts";

test("a worker writes the same zstd as every host, and reads it", async () => {
  const modules = { decoder: async () => decoder, encoder: async () => encoder };
  expect(await zstdSampleDigest(wasmKernels(module, modules))).toBe(ZSTD_SAMPLE_DIGEST);
});
