/**
 * The gzip format, byte for byte. While KERNEL_VERSION is 0 these digests may
 * be changed by whoever changes the compressor; once it is 1, a change here is a
 * breaking change: layers would get other digests than before.
 */
import { createHash } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { loadKernels } from "../../cli/host/kernels.ts";
import { KERNEL_VERSION, type Kernels } from "../../src/kernel/kernels.ts";
import { mixture, noise, prose, runCodec } from "../contract/kernels-input.ts";

let kernels: Kernels;
beforeAll(async () => {
  kernels = await loadKernels();
});

const MiB = 1 << 20;

const GOLDEN: [name: string, data: () => Uint8Array, sha256: string][] = [
  ["nothing", () => new Uint8Array(), "ac73670af3abed54ac6fb4695131f4099be9fbe39d6076c5d0264a6bbdae9d83"],
  ["one byte", () => Uint8Array.of(42), "9815d26fccc3ba164cdc9b6683aeb7b73223cd561b93455b6f0621eac2e942f7"],
  ["text", () => prose(200_000), "2e539b88280c3af38257285b16920f2f0488a2ee31c9324c3921ee1b2dd0447d"],
  ["noise", () => noise(200_000), "1b864e342c04db3b329ed49149d6c8483ece75a7d19e5ab96d2fc03b29dbf184"],
  ["one full chunk", () => mixture(MiB), "4185cb7e729ed43af318d29835aa6b5af6ee2b826ad3bd42878c08cfbc22930b"],
  ["a full chunk and a byte", () => mixture(MiB + 1), "4e9347d153a2d7e00b14e92b17d9042802ddf7e1d3c2484621a9cac03bf147d7"],
  ["zeros over three chunks", () => new Uint8Array(2 * MiB + 5), "b22b5b24b6a44e6814bbad36eeb130c1732579ceb304f4fb362fee3963936b27"],
  ["a mixture over four chunks", () => mixture(3 * MiB + 12_345, 2), "5d80f2166dfa1fe3982f56f41e47417ff3eeaa613418d9de09cdbc040d918b27"],
];

test.each(GOLDEN)(`gzip of %s has the digest of kernel version ${KERNEL_VERSION}`, (_, data, sha256) => {
  const packed = runCodec(kernels.gzip(), [data()]);
  expect(createHash("sha256").update(packed).digest("hex")).toBe(sha256);
});
