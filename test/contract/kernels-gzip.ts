import { gunzipSync as nodeGunzip } from "node:zlib";
import fc from "fast-check";
import { gunzipSync as fflateGunzip } from "fflate";
import { expect, test } from "vitest";
import type { GzipLevel, Kernels } from "../../src/kernel/kernels.ts";
import {
  anyData,
  codeOf,
  cutAt,
  cutEvery,
  cutPoints,
  mixture,
  noise,
  prose,
  runCodec,
} from "./kernels-input.ts";

/** What writing gzip must do on every engine: the bytes may differ, what they unpack to may not. */
export function gzipContract(kernels: () => Kernels): void {
  const gzip = (data: Uint8Array, size = data.length || 1) =>
    runCodec(kernels().gzip(), cutEvery(data, size));

  test("writes what zlib, fflate and its own engine read, however the data is cut", () => {
    fc.assert(
      fc.property(anyData, cutPoints, (data, points) => {
        const packed = runCodec(kernels().gzip(), cutAt(data, points));
        expect(nodeGunzip(packed).equals(data)).toBe(true);
        expect(Buffer.from(fflateGunzip(packed)).equals(data)).toBe(true);
        expect(Buffer.from(runCodec(kernels().gunzip(), [packed])).equals(data)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("refers to nothing before the data's first byte", () => {
    // Where fflate's stream does.
    for (const seed of [92_285, 138_734, 167_111]) {
      const data = mixture(6000, seed);
      expect(nodeGunzip(gzip(data)).equals(data)).toBe(true);
    }
  });

  test("writes data of any kind at every level", () => {
    const level = fc.constantFrom(1, 6, 9) as fc.Arbitrary<GzipLevel>;
    fc.assert(
      fc.property(anyData, level, cutPoints, (data, level, points) => {
        const packed = runCodec(kernels().gzip({ level }), cutAt(data, points));
        expect(nodeGunzip(packed).equals(data)).toBe(true);
      }),
      { numRuns: 90 },
    );
  });

  test("writes sizes around a chunk's end", () => {
    const data = mixture((2 << 20) + 5, 11);
    for (const length of [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 2 << 20, (2 << 20) + 5]) {
      expect(nodeGunzip(gzip(data.subarray(0, length))).equals(data.subarray(0, length))).toBe(true);
    }
  });

  test("writes a header without time, name or system", () => {
    const header = Buffer.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
    for (const data of [new Uint8Array(), prose(10), noise(3 << 20)]) {
      expect(gzip(data).subarray(0, 10)).toEqual(header);
    }
  });

  test("keeps the caller's chunk as it was, and does not mind its reuse", () => {
    const data = mixture(300_000, 12);
    const buffer = new Uint8Array(1000);
    function* reused() {
      for (const chunk of cutEvery(data, 1000)) {
        buffer.set(chunk);
        yield buffer.subarray(0, chunk.length);
        buffer.fill(0xee);
      }
    }
    const before = data.slice();
    expect(nodeGunzip(runCodec(kernels().gzip(), reused())).equals(before)).toBe(true);
    expect(data).toEqual(before);
  });

  test("codecs in progress do not disturb each other", () => {
    const jobs = Array.from({ length: 4 }, (_, i) => ({
      data: mixture(1_500_000, i + 20),
      codec: kernels().gzip(),
      parts: [] as Uint8Array[],
    }));
    for (let at = 0; at < 1_500_000; at += 100_000) {
      for (const { data, codec, parts } of jobs) {
        codec.write(data.subarray(at, at + 100_000), (view) => void parts.push(view.slice()));
      }
    }
    for (const { data, codec, parts } of jobs) {
      codec.end((view) => void parts.push(view.slice()));
      expect(nodeGunzip(Buffer.concat(parts)).equals(data)).toBe(true);
    }
  });

  test("refuses to be used after its end or release", () => {
    const ended = kernels().gzip();
    ended.end(() => {});
    const released = kernels().gzip();
    released.write(prose(10), () => {});
    released.release();
    for (const codec of [ended, released]) {
      expect(codeOf(() => codec.write(prose(1), () => {}))).toBe("INTERNAL");
      expect(codeOf(() => codec.end(() => {}))).toBe("INTERNAL");
      codec.release();
    }
  });
}
