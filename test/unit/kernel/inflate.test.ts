import { deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { isSealiftError } from "../../../src/error.ts";
import type { Kernels } from "../../../src/kernel/kernels.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { cutEvery, mixture, noise, prose, randomNumbers, runCodec } from "../../contract/kernels-input.ts";
import { kernelModule } from "./module.ts";

let kernels: Kernels;
beforeAll(async () => {
  kernels = wasmKernels(await kernelModule());
});

/** What zlib makes of raw DEFLATE, and how many bytes of it; undefined where it sees an error or an end too soon. */
function zlib(data: Uint8Array): { output: Buffer; used: number } | undefined {
  try {
    const { buffer, engine } = inflateRawSync(data, { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { output: buffer, used: engine.bytesWritten };
  } catch {
    return undefined;
  }
}

/** The same from us: node ignores what follows a stream's end, we call it damage. */
function expectAsZlib(data: Uint8Array, size: number, what: string): boolean {
  const expected = zlib(data);
  const isWhole = expected?.used === data.length;
  expect(ours(data, size), what).toEqual(isWhole ? expected.output : undefined);
  if (expected) expect(ours(data.subarray(0, expected.used), size), what).toEqual(expected.output);
  return expected !== undefined;
}

function ours(data: Uint8Array, size: number): Buffer | undefined {
  try {
    return runCodec(kernels.inflate(), cutEvery(data, size));
  } catch (error) {
    if (isSealiftError(error, "GZIP_INVALID", "GZIP_TRUNCATED")) return undefined;
    throw error;
  }
}

test("takes and refuses random streams exactly as zlib does", () => {
  const next = randomNumbers(77);
  let taken = 0;
  for (let i = 0; i < 30_000; i++) {
    if (expectAsZlib(noise(1 + next(60), i), 1 + next(70), `stream ${i}`)) taken++;
  }
  expect(taken).toBeGreaterThan(100);
});

test("takes and refuses damaged streams exactly as zlib does", () => {
  const sources = [prose(400), Buffer.concat([prose(200), noise(100)]), mixture(5000, 8)];
  for (const source of sources) {
    const packed = deflateRawSync(source, { level: 9 });
    const bits = Math.min(packed.length * 8, 4000);
    for (let bit = 0; bit < bits; bit++) {
      const damaged = new Uint8Array(packed);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expectAsZlib(damaged, damaged.length, `bit ${bit}`);
    }
  }
});

test("takes and refuses damaged streams the same, however they are cut", () => {
  const packed = deflateRawSync(mixture(20_000, 2));
  fc.assert(
    fc.property(fc.nat(packed.length - 1), fc.nat(255), fc.integer({ min: 1, max: 50 }), (at, byte, size) => {
      const damaged = new Uint8Array(packed);
      damaged[at] = byte;
      expect(ours(damaged, size)).toEqual(ours(damaged, damaged.length));
    }),
    { numRuns: 100 },
  );
});

test("a stored length that does not match its complement is damage", () => {
  expect(ours(Buffer.of(1, 3, 0, 0xfd, 0xff, 1, 2, 3), 1)).toEqual(undefined);
  expect(ours(Buffer.of(1, 3, 0, 0xfc, 0xff, 1, 2, 3), 1)).toEqual(Buffer.of(1, 2, 3));
});
