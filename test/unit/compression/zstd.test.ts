import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { loadKernels } from "../../../cli/host/kernels.ts";
import { streamOf } from "../../../src/bytes/stream.ts";
import { compress } from "../../../src/compression/compress.ts";
import { decompress } from "../../../src/compression/decompress.ts";
import { unzstd, zstd } from "../../../src/compression/zstd.ts";
import { type Kernels, ZSTD_FRAME_SIZE } from "../../../src/kernel/kernels.ts";
import { mixture, prose } from "../../contract/kernels-input.ts";
import { bomb, packed, skippable } from "../../contract/kernels-zstd.ts";
import { chunked, readAll } from "../tar/raw.ts";

const kernels = await loadKernels();
const content = mixture(2 * ZSTD_FRAME_SIZE + 54_321, 7);
const same = (one: Uint8Array, other: Uint8Array) => Buffer.from(one).equals(other);

describe("zstd", () => {
  it("writes what libzstd reads, and reads what it wrote", async () => {
    const compressed = await readAll(zstd(streamOf(content), kernels));
    expect(compressed.length).toBeLessThan(content.length);
    expect(same(zstdDecompressSync(compressed), content)).toBe(true);
    expect(same(await readAll(unzstd(chunked(compressed, [65_000]), kernels)), content)).toBe(true);
  });

  it("gives the same bytes whatever the chunks are", async () => {
    const whole = await readAll(zstd(streamOf(content), kernels));
    for (const sizes of [[100_000], [ZSTD_FRAME_SIZE], [ZSTD_FRAME_SIZE - 1, 2], [1, 999_999]]) {
      expect(same(await readAll(zstd(chunked(content, sizes), kernels)), whole)).toBe(true);
    }
  });

  it("compresses each frame by itself: they can be made at once, and joined", async () => {
    const encoder = await kernels.zstd.encoder();
    const frames = [0, 1, 2].map((i) =>
      encoder.frame(content.subarray(i * ZSTD_FRAME_SIZE, (i + 1) * ZSTD_FRAME_SIZE)),
    );
    expect(same(await readAll(zstd(streamOf(content), kernels)), Buffer.concat(frames))).toBe(true);
  });

  it("makes one frame of nothing, and no empty one behind a full one", async () => {
    expect(await readAll(unzstd(zstd(streamOf(new Uint8Array()), kernels), kernels))).toHaveLength(0);
    const full = content.subarray(0, ZSTD_FRAME_SIZE);
    const encoder = await kernels.zstd.encoder();
    expect(same(await readAll(zstd(streamOf(full), kernels)), encoder.frame(full))).toBe(true);
  });

  it("hands a bomb out piece by piece, no faster than it is read", async () => {
    // 8 GB in 256 kB.
    const reader = unzstd(streamOf(bomb(65_536)), kernels).getReader();
    const { value } = await reader.read();
    expect(value?.length).toBeLessThanOrEqual(1 << 20);
    await reader.cancel();
    await expect(readAll(unzstd(streamOf(bomb(65_536)), kernels, { maxOutput: 1000 }))).rejects.toMatchObject(
      { code: "LIMIT_EXCEEDED" },
    );
  });

  it("gives its decoder back at the end, on an error and on a cancel", async () => {
    let held = 0;
    const decoder: Kernels["zstd"]["decoder"] = async (options) => {
      const { write, end, release } = await kernels.zstd.decoder(options);
      held += 1;
      return {
        ...{ write, end },
        release() {
          held -= 1;
          release();
        },
      };
    };
    const counting: Kernels = { ...kernels, zstd: { ...kernels.zstd, decoder } };
    const frame = packed(prose(1000));
    await readAll(unzstd(streamOf(frame), counting));
    await expect(readAll(unzstd(streamOf(frame.subarray(5)), counting))).rejects.toThrow();
    const reader = unzstd(chunked(frame, [10]), counting).getReader();
    await reader.read();
    expect(held).toBe(1);
    await reader.cancel();
    expect(held).toBe(0);
  });

  it("says ZSTD_TRUNCATED and ZSTD_INVALID for what is", async () => {
    const frame = packed(prose(1000));
    await expect(readAll(unzstd(streamOf(frame.subarray(0, -1)), kernels))).rejects.toMatchObject({
      code: "ZSTD_TRUNCATED",
      hint: expect.stringContaining("again"),
    });
    await expect(
      readAll(unzstd(streamOf(Buffer.concat([frame, frame.subarray(5)])), kernels)),
    ).rejects.toMatchObject({ code: "ZSTD_INVALID" });
  });
});

describe("decompressing", () => {
  it("reads zstd, declared or not, also where it begins with a frame to be skipped", async () => {
    const data = prose(5000);
    for (const input of [packed(data), Buffer.concat([skippable(prose(12)), packed(data)])]) {
      for (const declared of [undefined, "zstd"] as const) {
        expect(same(await readAll(decompress(streamOf(input), kernels, declared)), data)).toBe(true);
      }
    }
  });
});

describe("compressing", () => {
  it("writes each compression, at the level asked for", async () => {
    const made = (...how: [Parameters<typeof compress>[2], number?]) =>
      readAll(compress(streamOf(content), kernels, how[0], { level: how[1] }));
    expect(same(await made("none"), content)).toBe(true);
    expect(same(await made("zstd"), await made("zstd", 3))).toBe(true);
    expect(same(await made("gzip"), await made("gzip", 6))).toBe(true);
    const fast = await made("gzip", 1);
    expect(same(gunzipSync(fast), content)).toBe(true);
    expect(same(fast, await made("gzip"))).toBe(false);
  });

  it("refuses a level there is not", () => {
    for (const [compression, level] of [
      ["gzip", 5],
      ["zstd", 19],
      ["none", 1],
    ] as const) {
      expect(() => compress(streamOf(content), kernels, compression, { level })).toThrow(`no level ${level}`);
    }
  });
});
