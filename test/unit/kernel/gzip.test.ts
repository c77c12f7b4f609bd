import { spawnSync } from "node:child_process";
import { gunzipSync, gzipSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { GZIP_CHUNK_SIZE, type Kernels } from "../../../src/kernel/kernels.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { cutAt, cutEvery, cutPoints, mixture, noise, prose, runCodec } from "../../contract/kernels-input.ts";
import { kernelInstance, kernelModule } from "./module.ts";

const WINDOW = 32 * 1024;
const JOIN = Buffer.of(0, 0, 0xff, 0xff);

let kernels: Kernels;
beforeAll(async () => {
  kernels = wasmKernels(await kernelModule());
});

test("the bytes written depend on the bytes read alone, not on how they were cut", () => {
  const data = mixture(2 * GZIP_CHUNK_SIZE + 300_000, 31);
  const whole = runCodec(kernels.gzip(), [data]);
  const near = [GZIP_CHUNK_SIZE - 1, GZIP_CHUNK_SIZE, GZIP_CHUNK_SIZE + 1, 65_536, 100_003];
  for (const size of near) expect(runCodec(kernels.gzip(), cutEvery(data, size)).equals(whole)).toBe(true);
  fc.assert(
    fc.property(cutPoints, (points) => {
      expect(runCodec(kernels.gzip(), cutAt(data, points)).equals(whole)).toBe(true);
    }),
    { numRuns: 10 },
  );
});

test("the bytes written do not depend on what the instance did before", async () => {
  const data = mixture(1_300_000, 32);
  const fresh = runCodec(wasmKernels(await kernelModule()).gzip(), [data]);
  runCodec(kernels.gunzip(), [gzipSync(noise(500_000))]);
  runCodec(kernels.gzip(), [noise(1_500_000, 5)]);
  const abandoned = kernels.gzip();
  abandoned.write(prose(1_200_000), () => {});
  abandoned.release();
  expect(runCodec(kernels.gzip(), [data]).equals(fresh)).toBe(true);
});

test.each([1, 6, 9] as const)(
  "a chunk needs only the 32 KiB before it, so workers can share a stream at level %i",
  async (level) => {
    const { kernels: raw, memory } = await kernelInstance();
    const data = mixture(2 * GZIP_CHUNK_SIZE + 4321, 33);
    const parts: Buffer[] = [];
    let crc = 0;
    // Last chunk first: none may depend on another's work.
    for (let at = 2 * GZIP_CHUNK_SIZE; at >= 0; at -= GZIP_CHUNK_SIZE) {
      const chunk = data.subarray(at, at + GZIP_CHUNK_SIZE);
      const dictionary = data.subarray(Math.max(0, at - WINDOW), at);
      const target = raw.deflate_chunk.value;
      memory.set(dictionary, target - dictionary.length);
      memory.set(chunk, target);
      const last = at + GZIP_CHUNK_SIZE >= data.length;
      const length = raw.deflate_compress(level, dictionary.length, chunk.length, last ? 1 : 0);
      const start = raw.deflate_output.value;
      parts.unshift(Buffer.from(memory.slice(start, start + length)));
      crc = raw.crc32_combine(raw.deflate_checksum(chunk.length), crc, data.length - at - chunk.length);
    }
    const body = Buffer.concat(parts);
    const whole = runCodec(kernels.gzip({ level }), [data]);
    expect(inflateRawSync(body).equals(data)).toBe(true);
    expect(whole.subarray(10, -8).equals(body)).toBe(true);
    expect(whole.readUInt32LE(whole.length - 8)).toBe(crc >>> 0);
    for (const part of parts.slice(0, -1)) expect(part.subarray(-4)).toEqual(JOIN);
  },
);

test("incompressible data grows by less than a tenth of a percent", () => {
  const packed = runCodec(kernels.gzip(), [noise(3_000_000)]);
  expect(packed.length).toBeLessThan(3_000_000 * 1.001);
});

test("compresses about as well as zlib's level 6", () => {
  for (const data of [prose(2_000_000), mixture(2_000_000, 3)]) {
    const packed = runCodec(kernels.gzip(), [data]);
    expect(packed.length).toBeLessThan(gzipSync(data, { level: 6 }).length * 1.01);
  }
});

test("writes any distribution of symbols, the most skewed too", () => {
  // Frequencies that follow Fibonacci make the deepest Huffman tree: the limit of 15 bits must hold.
  const frequencies = [1, 1];
  while (frequencies.length < 24)
    frequencies.push((frequencies.at(-1) as number) + (frequencies.at(-2) as number));
  const symbols = frequencies.flatMap((count, symbol) => Array<number>(count).fill(symbol * 7));
  const next = noise(symbols.length * 4, 3);
  const order = symbols.map((symbol, i) => ({ symbol, key: new DataView(next.buffer).getUint32(4 * i) }));
  const data = Uint8Array.from(order.sort((a, b) => a.key - b.key).map(({ symbol }) => symbol));
  expect(gunzipSync(runCodec(kernels.gzip(), [data])).equals(data)).toBe(true);
});

const tools = ["gzip", "pigz", "libdeflate-gzip"].filter((name) => !spawnSync(name, ["--version"]).error);

test.runIf(tools.length > 0)(
  `${tools.join(", ") || "gzip tools"} of the system accept what is written`,
  () => {
    for (const data of [new Uint8Array(), prose(100), mixture(2_500_000, 6), noise(1_100_000)]) {
      for (const level of [1, 6, 9] as const) {
        const packed = runCodec(kernels.gzip({ level }), [data]);
        for (const tool of tools) {
          const { status, stdout } = spawnSync(tool, ["-dc"], { input: packed, maxBuffer: 16 << 20 });
          expect(status, tool).toBe(0);
          expect(stdout.equals(data), tool).toBe(true);
        }
      }
    }
  },
);

test("digests in hexadecimal are packed smaller than by zlib at levels 6 and 9, since no short match is worth it", () => {
  const hex = Buffer.from(Buffer.from(noise(400_000, 4)).toString("hex"));
  for (const level of [6, 9] as const) {
    const packed = runCodec(kernels.gzip({ level }), [hex]);
    expect(gunzipSync(packed).equals(hex)).toBe(true);
    expect(packed.length).toBeLessThan(gzipSync(hex, { level }).length * 0.96);
  }
});

test("whatever the alphabet and however skewed, every level gives back what it was given", () => {
  const alphabet = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const runs = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 300 })), { maxLength: 200 });
  fc.assert(
    fc.property(alphabet, runs, fc.constantFrom(1, 6, 9), (symbols, runs, level) => {
      // Squaring what is even makes the first symbols many and the last ones few.
      const at = (i: number) => symbols[Math.floor(((i % 1000) ** 2 / 1e6) * symbols.length)] as number;
      const data = Uint8Array.from(runs.flatMap(([i, length]) => Array<number>(length).fill(at(i))));
      const spread = data.map((byte, i) => (i % 7 === 0 ? at(i * 7919) : byte));
      for (const input of [data, spread]) {
        expect(gunzipSync(runCodec(kernels.gzip({ level }), [input])).equals(input)).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

/** Data on which a match finder could walk for ever, or list more than it has room for. */
const HARD: [name: string, data: () => Uint8Array][] = [
  ["zeros", () => new Uint8Array(GZIP_CHUNK_SIZE + 7)],
  ["a period of 32,767", () => periodic(32_767)],
  ["a period of 32,768", () => periodic(32_768)],
  ["a period of 259", () => periodic(259)],
  ["noise of two symbols", () => noise(GZIP_CHUNK_SIZE + 7, 9).map((byte) => byte & 1)],
  [
    "runs of ever another length",
    () => Uint8Array.from({ length: GZIP_CHUNK_SIZE }, (_, i) => (i % (64 + (i >> 12)) === 0 ? 1 : 0)),
  ],
];

function periodic(period: number): Uint8Array {
  const once = noise(period, period);
  return Uint8Array.from({ length: GZIP_CHUNK_SIZE + 7 }, (_, i) => once[i % period] as number);
}

test.each(HARD)("packs %s at every level, never larger than stored", (_, data) => {
  const bytes = data();
  for (const level of [1, 6, 9] as const) {
    const packed = runCodec(kernels.gzip({ level }), [bytes]);
    expect(gunzipSync(packed).equals(bytes)).toBe(true);
    expect(packed.length).toBeLessThan(bytes.length * 1.001);
  }
});

test("level 9 is smaller than zlib's, and than level 6, on text and on what is mixed", () => {
  for (const data of [prose(2_000_000), mixture(2_000_000, 3)]) {
    const packed = runCodec(kernels.gzip({ level: 9 }), [data]).length;
    expect(packed).toBeLessThan(gzipSync(data, { level: 9 }).length);
    expect(packed).toBeLessThan(runCodec(kernels.gzip(), [data]).length);
  }
});
