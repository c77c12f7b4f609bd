import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { indexingPieces, openPieces, PIECE_SIZE } from "../../../src/bytes/piece-index.ts";
import { bytesSlices, type Slices } from "../../../src/bytes/slices.ts";
import { concat } from "../../../src/bytes/stream.ts";
import { memoryHost } from "../../memory-host.ts";
import { chunked, readAll } from "../tar/raw.ts";

const { kernels } = await memoryHost();

async function indexOf(data: Uint8Array, sizes: readonly number[]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const sink = { write: async (chunk: Uint8Array) => void parts.push(chunk.slice()) };
  expect(await readAll(indexingPieces(chunked(data, sizes), sink, kernels))).toEqual(data);
  return concat(parts);
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

/** As the format says it, by somebody else's SHA-256. */
function expectedIndex(data: Uint8Array, size = data.length): Buffer {
  const head = Buffer.from("SLPIECE\x01\0\0\0\0\0\0\0\0", "latin1");
  head.writeBigUInt64LE(BigInt(size), 8);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += PIECE_SIZE) pieces.push(data.subarray(at, at + PIECE_SIZE));
  const index = Buffer.concat([head, ...pieces.map(sha256)]);
  return Buffer.concat([index, sha256(index)]);
}

describe("an index of pieces", () => {
  const data = new Uint8Array(randomBytes(3 * PIECE_SIZE + 1_000));

  test("is what the format says however the bytes come, and gives any part of them", async () => {
    const index = await indexOf(data, [data.length]);
    expect(expectedIndex(data).equals(index)).toBe(true);
    expect(await indexOf(data, [1_000, 333_333, 7])).toEqual(index);
    const asked: (readonly [number, number])[] = [];
    const watched: Slices = {
      size: data.length,
      slice(start = 0, end = data.length) {
        asked.push([start, end]);
        return chunked(data.subarray(start, end), [50_000]);
      },
    };
    const read = await openPieces(bytesSlices(index), watched, kernels);
    const ranges = [
      ...[
        [0, data.length],
        [0, 1],
        [PIECE_SIZE - 1, PIECE_SIZE + 1],
        [PIECE_SIZE, 2 * PIECE_SIZE],
      ],
      ...[
        [data.length - 1, data.length],
        [5, 5],
        [data.length, data.length + 9],
      ],
    ] as [number, number][];
    for (const [start, end] of ranges) {
      expect(await readAll(read.slice(start, end))).toEqual(data.subarray(start, end));
    }
    expect(asked[1]).toEqual([0, PIECE_SIZE]);
    // Of the two parts that are none nothing is read.
    expect(asked).toHaveLength(ranges.length - 2);
  });

  test("gives out no piece that has changed, and all others", async () => {
    const index = await indexOf(data, [data.length]);
    const changed = data.slice();
    changed[PIECE_SIZE + 3] = (changed[PIECE_SIZE + 3] as number) ^ 1;
    const read = await openPieces(bytesSlices(index), bytesSlices(changed), kernels);
    expect(await readAll(read.slice(0, PIECE_SIZE))).toEqual(data.subarray(0, PIECE_SIZE));
    await expect(readAll(read.slice(PIECE_SIZE + 100, PIECE_SIZE + 101))).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
  });

  test("that is damaged, cut, or of something else is refused", async () => {
    const index = await indexOf(data, [data.length]);
    const open = (bytes: Uint8Array, of = data) => openPieces(bytesSlices(bytes), bytesSlices(of), kernels);
    for (let at = 0; at < index.length; at += 7) {
      const damaged = index.slice();
      damaged[at] = (damaged[at] as number) ^ 1;
      await expect(open(damaged)).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
    }
    for (const length of [0, 8, 40, index.length - 1]) {
      await expect(open(index.subarray(0, length))).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
    }
    const ofMore = expectedIndex(data, data.length + PIECE_SIZE);
    await expect(open(ofMore)).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
    await expect(open(index, data.subarray(1))).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
  });

  test("of nothing gives nothing", async () => {
    const index = await indexOf(new Uint8Array(), [1]);
    const read = await openPieces(bytesSlices(index), bytesSlices(new Uint8Array()), kernels);
    expect(await readAll(read.slice())).toEqual(new Uint8Array());
  });
});
