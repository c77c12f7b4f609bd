import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Kernels } from "../../src/kernel/kernels.ts";
import { anyData, codeOf, cutAt, cutEvery, cutPoints, prose, runCodec } from "./kernels-input.ts";

/** What reading raw DEFLATE must do on every engine. */
export function inflateContract(kernels: () => Kernels): void {
  const inflate = (data: Uint8Array, size = data.length || 1) =>
    runCodec(kernels().inflate(), cutEvery(data, size));
  const refusal = (data: Uint8Array, size?: number) => codeOf(() => inflate(data, size));

  test("reads what zlib writes, however the input is cut", () => {
    fc.assert(
      fc.property(anyData, fc.integer({ min: 0, max: 9 }), cutPoints, (data, level, points) => {
        const packed = deflateRawSync(data, { level });
        expect(runCodec(kernels().inflate(), cutAt(packed, points))).toEqual(Buffer.from(data));
      }),
      { numRuns: 60 },
    );
  });

  test("notices an end at every byte", () => {
    for (const options of [{ level: 0 }, { level: 9 }, { strategy: constants.Z_FIXED }]) {
      const packed = deflateRawSync(prose(500), options);
      for (let length = 0; length < packed.length; length++) {
        expect(refusal(packed.subarray(0, length)), `cut to ${length} bytes`).toBe("GZIP_TRUNCATED");
      }
    }
  });

  test("refuses data behind its end", () => {
    const packed = deflateRawSync(prose(500));
    for (const size of [1, 1000]) {
      expect(refusal(Buffer.concat([packed, Buffer.of(0)]), size)).toBe("GZIP_INVALID");
    }
  });

  test("refuses an unknown block type and a match before the beginning", () => {
    expect(refusal(Buffer.of(0b111, 0, 0, 0, 0))).toBe("GZIP_INVALID");
    expect(refusal(deflateRawSync(prose(500), { dictionary: prose(500) }))).toBe("GZIP_INVALID");
  });

  test("breaks off at the limit", () => {
    const packed = deflateRawSync(prose(500));
    expect(runCodec(kernels().inflate({ maxOutput: 500 }), [packed])).toHaveLength(500);
    expect(codeOf(() => runCodec(kernels().inflate({ maxOutput: 499 }), [packed]))).toBe("LIMIT_EXCEEDED");
  });

  test("breaks off at the ratio", () => {
    const packed = deflateRawSync(new Uint8Array(1 << 20), { level: 9 });
    const limited = (maxRatio: number) => () =>
      runCodec(kernels().inflate({ maxRatio, ratioFloor: 1000 }), [packed]);
    expect(limited(1032)()).toHaveLength(1 << 20);
    expect(codeOf(limited(500))).toBe("LIMIT_EXCEEDED");
  });
}
