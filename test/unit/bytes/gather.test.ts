import { expect, test } from "vitest";
import { CHUNK_SIZE, Gather } from "../../../src/bytes/gather.ts";
import { concat } from "../../../src/bytes/stream.ts";
import { noise } from "../../contract/kernels-data.ts";

test("joins pieces of any size into full chunks and a rest, in their order", () => {
  const bytes = noise(3 * CHUNK_SIZE + 5, 7);
  for (const piece of [1000, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, bytes.length]) {
    const gather = new Gather();
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += piece) {
      gather.add(bytes.subarray(at, at + piece));
      chunks.push(...gather.take());
    }
    chunks.push(...gather.rest());
    expect(chunks.map(({ length }) => length)).toEqual([CHUNK_SIZE, CHUNK_SIZE, CHUNK_SIZE, 5]);
    expect(Buffer.compare(concat(chunks), bytes)).toBe(0);
  }
});

test("copies what it is given, and gives each chunk once", () => {
  const gather = new Gather();
  const view = Uint8Array.of(1, 2, 3);
  gather.add(view);
  view.fill(9);
  expect(gather.take()).toEqual([]);
  expect(gather.rest()).toEqual([Uint8Array.of(1, 2, 3)]);
  expect([gather.take(), gather.rest()]).toEqual([[], []]);
});

test("of what fills its chunks there is no rest", () => {
  const gather = new Gather();
  gather.add(new Uint8Array(CHUNK_SIZE));
  expect(gather.rest().map(({ length }) => length)).toEqual([CHUNK_SIZE]);
  expect(gather.rest()).toEqual([]);
});
