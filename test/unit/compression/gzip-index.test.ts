import { createHash } from "node:crypto";
import { constants, deflateRawSync, gzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { bytesSlices, type Slices } from "../../../src/bytes/slices.ts";
import { collect, concat, drain, streamFrom, streamOf } from "../../../src/bytes/stream.ts";
import { GZIP_INDEX_PIECE } from "../../../src/compression/gzip-index.ts";
import { gunzipIndexing, indexGzip } from "../../../src/compression/gzip-indexer.ts";
import { openIndexedGzip } from "../../../src/compression/indexed-gzip.ts";
import { isSealiftError } from "../../../src/error.ts";
import { fallbackKernels } from "../../../src/kernel/fallback.ts";
import type { Kernels } from "../../../src/kernel/kernels.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { type Digest, formatDigest } from "../../../src/oci/digest.ts";
import { cutEvery, mixture, noise, prose, randomNumbers } from "../../contract/kernels-input.ts";
import { kernelModule } from "../kernel/module.ts";

let kernels: Kernels;
beforeAll(async () => {
  kernels = wasmKernels(await kernelModule());
});

const LIMIT = 64 << 20;

function digest(data: Uint8Array): Digest {
  return formatDigest("sha256", createHash("sha256").update(data).digest());
}

/** The index of a gzip blob, and the content read through it. */
async function indexed(packed: Uint8Array, content: Uint8Array, spacing = 50_000) {
  const parts: Uint8Array[] = [];
  const sink = { write: async (chunk: Uint8Array) => void parts.push(chunk) };
  const blob = { digest: digest(packed), size: packed.length, open: async () => streamOf(packed) };
  await indexGzip(blob, digest(content), sink, kernels, { spacing });
  return Buffer.concat(parts);
}

async function read(index: Uint8Array, packed: Slices, start?: number, end?: number): Promise<Uint8Array> {
  const content = await openIndexedGzip(bytesSlices(index), packed, kernels);
  return collect(content.slice(start, end), LIMIT);
}

/** Slices that remember what was asked of them. */
function watched(bytes: Uint8Array): Slices & { readonly asked: [number, number][] } {
  const asked: [number, number][] = [];
  return {
    asked,
    size: bytes.length,
    slice(start = 0, end = bytes.length) {
      asked.push([start, end]);
      return streamFrom(cutEvery(bytes.subarray(start, end), 5000));
    },
  };
}

test("any range of the content is read, of one member or many, of any kind of block", async () => {
  const content = mixture(900_000, 6);
  const halves = [
    content.subarray(0, 333_333),
    content.subarray(333_333, 333_334),
    content.subarray(333_334),
  ];
  const blobs = [
    gzipSync(content),
    gzipSync(content, { level: 0 }),
    gzipSync(content, { level: 9, memLevel: 1 }),
    gzipSync(content, { strategy: constants.Z_FIXED }),
    Buffer.concat(halves.map((half) => gzipSync(half, { level: 1 }))),
    Buffer.concat([...cutEvery(content, 30_000)].map((part) => gzipSync(part))),
    Buffer.concat([gzipSync(content), new Uint8Array(700)]),
  ];
  const next = randomNumbers(4);
  for (const packed of blobs) {
    const index = await indexed(packed, content);
    const ranges = Array.from({ length: 25 }, () => {
      const start = next(content.length);
      return [start, start + next(next(2) === 0 ? 1000 : content.length - start)] as const;
    });
    for (const [start, end] of [
      ...ranges,
      [0, content.length],
      [content.length - 1, content.length],
    ] as const) {
      const part = await read(index, bytesSlices(packed), start, end);
      expect(Buffer.from(part).equals(content.subarray(start, end)), `${start} to ${end}`).toBe(true);
    }
  }
});

test("without an end it is read to the end, beyond the end there is nothing", async () => {
  const content = prose(200_000);
  const packed = gzipSync(content);
  const index = await indexed(packed, content);
  expect(Buffer.from(await read(index, bytesSlices(packed))).equals(content)).toBe(true);
  expect(await read(index, bytesSlices(packed), 199_990)).toEqual(content.subarray(199_990));
  expect(await read(index, bytesSlices(packed), 199_990, 300_000)).toEqual(content.subarray(199_990));
  expect(await read(index, bytesSlices(packed), 200_000)).toHaveLength(0);
  expect(await read(index, bytesSlices(packed), 9, 9)).toHaveLength(0);
});

test("empty content has an index", async () => {
  const packed = gzipSync(new Uint8Array());
  const index = await indexed(packed, new Uint8Array());
  expect(await read(index, bytesSlices(packed))).toHaveLength(0);
});

test("of the blob only the spans around the range are fetched, of the index one window and the table", async () => {
  const content = mixture(3_000_000, 2);
  const packed = gzipSync(content);
  const index = await indexed(packed, content, 100_000);
  const [blob, side] = [watched(packed), watched(index)];
  const opened = await openIndexedGzip(side, blob, kernels);
  expect(await collect(opened.slice(1_500_000, 1_500_010), 10)).toEqual(
    content.subarray(1_500_000, 1_500_010),
  );
  expect(blob.asked).toHaveLength(1);
  const [from, to] = blob.asked[0] as [number, number];
  expect(to - from).toBeLessThan(packed.length / 5);
  expect(side.asked).toHaveLength(3);
  expect(side.asked.reduce((sum, [start, end]) => sum + end - start, 0)).toBeLessThan(40_000);
});

test("a span that is longer than a piece is verified piece by piece", async () => {
  // zlib's blocks of zeros are 4 MiB each, so spans are as long.
  const content = concat([new Uint8Array(9 << 20), noise(1000)]);
  const packed = gzipSync(content, { level: 9 });
  const index = await indexed(packed, content, 100_000);
  const opened = await openIndexedGzip(bytesSlices(index), bytesSlices(packed), kernels);
  const start = GZIP_INDEX_PIECE * 3 - 5;
  for await (const chunk of opened.slice(start)) expect(chunk.length).toBeLessThanOrEqual(GZIP_INDEX_PIECE);
  expect(Buffer.from(await read(index, bytesSlices(packed), start)).equals(content.subarray(start))).toBe(
    true,
  );
});

test("the index says what it belongs to", async () => {
  const content = prose(1000);
  const packed = gzipSync(content);
  const opened = await openIndexedGzip(
    bytesSlices(await indexed(packed, content)),
    bytesSlices(packed),
    kernels,
  );
  expect(opened.blob).toEqual({ digest: digest(packed), size: packed.length });
  expect(opened.content).toEqual({ digest: digest(content), size: 1000 });
  await expect(read(await indexed(packed, content), bytesSlices(packed.subarray(1)))).rejects.toMatchObject({
    code: "SIZE_MISMATCH",
  });
});

test("content that is not the blob's or the diff_id's has no index", async () => {
  const packed = gzipSync(prose(1000));
  const sink = { write: async () => {} };
  const blob = { digest: digest(packed), size: packed.length, open: async () => streamOf(packed) };
  await expect(indexGzip(blob, digest(noise(5)), sink, kernels)).rejects.toMatchObject({
    code: "DIGEST_MISMATCH",
  });
  const cut = { ...blob, open: async () => streamOf(packed.subarray(0, 100)) };
  await expect(indexGzip(cut, digest(prose(1000)), sink, kernels)).rejects.toMatchObject({
    code: "GZIP_TRUNCATED",
  });
});

test("the index is the same however the blob's bytes come, and the content passes through", async () => {
  const content = mixture(400_000, 3);
  const packed = gzipSync(content);
  const whole = await indexed(packed, content);
  const parts: Uint8Array[] = [];
  const sink = { write: async (chunk: Uint8Array) => void parts.push(chunk) };
  const about = { blob: { digest: digest(packed), size: packed.length }, diffId: digest(content) };
  const stream = gunzipIndexing(streamFrom([packed]), about, sink, kernels, { spacing: 50_000 });
  expect(Buffer.from(await collect(stream, LIMIT)).equals(content)).toBe(true);
  expect(Buffer.concat(parts).equals(whole)).toBe(true);
});

test("an engine that finds no access points says so", async () => {
  const fallback = await fallbackKernels();
  const packed = gzipSync(prose(10));
  const about = { blob: { digest: digest(packed), size: packed.length }, diffId: digest(prose(10)) };
  const stream = gunzipIndexing(streamOf(packed), about, { write: async () => {} }, fallback);
  await expect(drain(stream)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  const index = bytesSlices(await indexed(packed, prose(10)));
  await expect(openIndexedGzip(index, bytesSlices(packed), fallback)).rejects.toMatchObject({
    code: "UNSUPPORTED",
  });
});

/** What is read, or the code of the error. */
async function outcome(
  index: Uint8Array,
  packed: Slices,
  start: number,
  end: number,
): Promise<Uint8Array | string> {
  try {
    return await read(index, packed, start, end);
  } catch (error) {
    if (isSealiftError(error)) return error.code;
    throw error;
  }
}

test("a damaged index or blob never yields other content, crashes or hangs", async () => {
  const content = mixture(300_000, 9);
  const packed = gzipSync(content);
  const index = await indexed(packed, content, 30_000);
  const next = randomNumbers(12);
  for (let i = 0; i < 400; i++) {
    const damaged = [new Uint8Array(index), new Uint8Array(packed)] as const;
    const target = damaged[i % 2] as Uint8Array;
    for (let times = 1 + next(3); times > 0; times--) {
      // The table stands at the end.
      const at = i % 4 === 0 ? target.length - 1 - next(Math.min(target.length, 900)) : next(target.length);
      target[at] = next(256);
    }
    const start = next(content.length);
    const end = start + next(20_000);
    const result = await outcome(damaged[0], bytesSlices(damaged[1]), start, end);
    if (typeof result !== "string")
      expect(Buffer.from(result).equals(content.subarray(start, end))).toBe(true);
    else expect(["GZIP_INVALID", "GZIP_TRUNCATED", "DIGEST_MISMATCH"]).toContain(result);
  }
});

test("a hostile index, whose own digest holds, is an error or yields what its digests say", async () => {
  const content = mixture(300_000, 9);
  const packed = gzipSync(content);
  const index = await indexed(packed, content, 30_000);
  const footer = index.length - 44;
  const table = footer - index.readUInt32LE(footer + 32);
  const next = randomNumbers(5);
  const codes = new Set<string>();
  for (let i = 0; i < 1500; i++) {
    const hostile = new Uint8Array(index);
    for (let times = 1 + next(4); times > 0; times--) hostile[table + next(footer - table)] = next(256);
    hostile.set(createHash("sha256").update(hostile.subarray(table, footer)).digest(), footer);
    const start = next(content.length);
    const result = await outcome(hostile, bytesSlices(packed), start, start + 10);
    if (typeof result === "string") codes.add(result);
    else expect(result.length).toBeLessThanOrEqual(10);
  }
  for (const code of codes) {
    expect(["GZIP_INVALID", "GZIP_TRUNCATED", "DIGEST_MISMATCH", "SIZE_MISMATCH"]).toContain(code);
  }
  expect(codes.has("DIGEST_MISMATCH")).toBe(true);
});

test("an index of another version, too short or with too long a table is refused by that reason", async () => {
  const content = prose(1000);
  const packed = gzipSync(content);
  const index = await indexed(packed, content);
  const version = Buffer.from(index);
  version.writeUInt8((version.at(-1) as number) ^ 1, version.length - 1);
  const long = Buffer.from(index);
  long.writeUInt32LE(index.length, index.length - 44 + 32);
  for (const [wrong, reason] of [
    [version, "it has another magic or version"],
    [long, "its table is too long"],
    [index.subarray(-50), "it ends early"],
  ] as const) {
    await expect(read(wrong, bytesSlices(packed))).rejects.toMatchObject({
      code: "GZIP_INVALID",
      message: expect.stringContaining(reason),
    });
  }
});

test("random bytes are no index", async () => {
  const packed = bytesSlices(gzipSync(prose(100)));
  for (let i = 0; i < 300; i++) expect(await outcome(noise(i, i), packed, 0, 10)).toBe("GZIP_INVALID");
});

test("an index that promises more than the blob holds is refused when the blob ends", async () => {
  const content = prose(100_000);
  const packed = gzipSync(content);
  const index = await indexed(packed, content, 1 << 20);
  const footer = index.length - 44;
  const table = footer - index.readUInt32LE(footer + 32);
  // The content's size stands behind two digests of 71 characters and the blob's size.
  const size = table + 1 + 71 + 8 + 1 + 71;
  expect(index.readUInt32LE(size)).toBe(100_000);
  index.writeUInt32LE(2_000_000, size);
  index.set(createHash("sha256").update(index.subarray(table, footer)).digest(), footer);
  expect(await outcome(index, bytesSlices(packed), 0, 10)).toBe("GZIP_INVALID");
});

test("another blob of the same size, or one that is no gzip, is an error", async () => {
  const content = mixture(200_000, 1);
  const packed = gzipSync(content);
  const index = await indexed(packed, content, 30_000);
  const other = noise(packed.length);
  expect(await outcome(index, bytesSlices(other), 150_000, 150_010)).toMatch(/GZIP_|DIGEST_MISMATCH/);
  const raw = deflateRawSync(content).subarray(0, packed.length);
  const padded = concat([raw, new Uint8Array(packed.length - raw.length)]);
  expect(await outcome(index, bytesSlices(padded), 0, 10)).toBe("GZIP_INVALID");
});
