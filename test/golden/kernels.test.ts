/**
 * The gzip and zstd formats, byte for byte. While KERNEL_VERSION is 0 these digests may
 * be changed by whoever changes the compressor; once it is 1, a change here is a
 * breaking change: layers would get other digests than before.
 */
import { createHash } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { loadKernels } from "../../cli/host/kernels.ts";
import { collect, streamOf } from "../../src/bytes/stream.ts";
import { zstd } from "../../src/compression/zstd.ts";
import { type GzipLevel, KERNEL_VERSION, type Kernels } from "../../src/kernel/kernels.ts";
import { mixture, noise, prose, runCodec } from "../contract/kernels-input.ts";

let kernels: Kernels;
beforeAll(async () => {
  kernels = await loadKernels();
});

const MiB = 1 << 20;

const GOLDEN: [name: string, data: () => Uint8Array, sha256: string][] = [
  ["nothing", () => new Uint8Array(), "ac73670af3abed54ac6fb4695131f4099be9fbe39d6076c5d0264a6bbdae9d83"],
  ["one byte", () => Uint8Array.of(42), "9815d26fccc3ba164cdc9b6683aeb7b73223cd561b93455b6f0621eac2e942f7"],
  ["text", () => prose(200_000), "812547ebac2075fd9e5d057a26b3168aff594bcfe39f914668e2ccc33c75b8a3"],
  ["noise", () => noise(200_000), "13cb15206b25da8f677bd2823b8395ec6d06f35d6e96ae76438810692de19e6f"],
  ["one full chunk", () => mixture(MiB), "d0dade8fd88adf07fba429c9d0b604a73e18938ec9871db0ed2f9c68b9a282bf"],
  ["a full chunk and a byte", () => mixture(MiB + 1), "80d012dbf614c87cf623abfcda4ce70eeff2b008336e0d7f46dc7005c829d565"],
  ["zeros over three chunks", () => new Uint8Array(2 * MiB + 5), "b22b5b24b6a44e6814bbad36eeb130c1732579ceb304f4fb362fee3963936b27"],
  ["a mixture over four chunks", () => mixture(3 * MiB + 12_345, 2), "e00615f9a1951ffadea4a66e23e2000c7639a5bdd9d9401ba6f71c520c3be6ca"],
];

test.each(GOLDEN)(`gzip of %s has the digest of kernel version ${KERNEL_VERSION}`, (_, data, sha256) => {
  expect(packedDigest(data())).toBe(sha256);
});

const LEVELS: [level: GzipLevel, sha256: string][] = [
  [1, "d7619fe9857488270f2839ad549deece8f510c4a9f2c71829c3ab0b72c2ccf10"],
  [6, "e00615f9a1951ffadea4a66e23e2000c7639a5bdd9d9401ba6f71c520c3be6ca"],
  [9, "c44ed08193fe26a9c051e7eef5ffc05374cdc241e5c250e85669efb456b538e0"],
];

test.each(LEVELS)(`gzip at level %i has the digest of kernel version ${KERNEL_VERSION}`, (level, sha256) => {
  expect(packedDigest(mixture(3 * MiB + 12_345, 2), level)).toBe(sha256);
});

const ZSTD: [name: string, data: () => Uint8Array, sha256: string][] = [
  ["nothing", () => new Uint8Array(), "f96deff1816083fdff8bc3e46c3fe6ca46a6bb49f4d5a00627616c13237a512c"],
  ["one byte", () => Uint8Array.of(42), "06da451d956681353968f715abfd0af9915187f5e7fa9cdba9af28d380b21ca7"],
  ["text", () => prose(200_000), "182852b73f9d56513d5e3e86966e7ad9378e77352d5c255ff2345069e9c03ea7"],
  ["a full frame", () => mixture(4 * MiB), "64766f1d6ce3d1c71c48809c7d0d1acc79b4697d38e88b875acb9570d396a1d1"],
  ["a mixture over three frames", () => mixture(9 * MiB + 12_345, 2), "8a4facfb81370e9478c92e6f96c5a45c960283f2aa8d4edca8afc61bec7ec6aa"],
];

test.each(ZSTD)(`zstd of %s has the digest of kernel version ${KERNEL_VERSION}`, async (_, data, sha256) => {
  const compressed = await collect(zstd(streamOf(data()), kernels), 16 * MiB);
  expect(createHash("sha256").update(compressed).digest("hex")).toBe(sha256);
});

function packedDigest(data: Uint8Array, level?: GzipLevel): string {
  const codec = kernels.gzip(level === undefined ? {} : { level });
  return createHash("sha256")
    .update(runCodec(codec, [data]))
    .digest("hex");
}
