import { expect, test } from "vitest";
import { loadKernels } from "../../../cli/host/kernels.ts";
import { ZSTD_SAMPLE_DIGEST, zstdSampleDigest } from "../zstd-sample.ts";

test("Node writes the same zstd as every host, and reads it", async () => {
  expect(await zstdSampleDigest(await loadKernels())).toBe(ZSTD_SAMPLE_DIGEST);
});
