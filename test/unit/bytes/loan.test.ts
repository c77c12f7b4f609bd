import { expect, test } from "vitest";
import { FreeList } from "../../../src/bytes/free-list.ts";
import { Gather } from "../../../src/bytes/gather.ts";
import { giveBack, isLent, lend } from "../../../src/bytes/loan.ts";
import { collect, concat, drain, streamFrom } from "../../../src/bytes/stream.ts";

/** A hundred bytes on loan, and how often they came back. */
function lent() {
  let returns = 0;
  const bytes = lend(new Uint8Array(100).fill(7), () => returns++);
  return { bytes, returns: () => returns };
}

test("a buffer comes back once, when all of its parts were given back", () => {
  const { bytes, returns } = lent();
  giveBack(bytes.subarray(60));
  giveBack(bytes.subarray(0, 10));
  expect(returns()).toBe(0);
  expect(isLent(bytes)).toBe(true);
  giveBack(bytes.subarray(10, 59));
  expect(returns()).toBe(0);
  giveBack(bytes.subarray(59, 60));
  expect(returns()).toBe(1);
});

test("a buffer that came back is lent no more: whoever has it now may do what they like with it", () => {
  const { bytes, returns } = lent();
  giveBack(bytes);
  expect(isLent(bytes)).toBe(false);
  bytes.fill(8);
  giveBack(bytes);
  expect([returns(), bytes[0]]).toEqual([1, 8]);
});

test("a part that is given back twice keeps the buffer from coming back: somebody may still read the rest", () => {
  const { bytes, returns } = lent();
  giveBack(bytes.subarray(0, 60));
  giveBack(bytes.subarray(0, 60));
  giveBack(bytes.subarray(60));
  expect(returns()).toBe(0);
});

test("who reads on after giving back sees something else at once", () => {
  const { bytes } = lent();
  giveBack(bytes.subarray(0, 50));
  expect(bytes[0]).not.toBe(7);
  expect(bytes[50]).toBe(7);
});

test("bytes that nobody lent stay as they are", () => {
  const bytes = new Uint8Array(8).fill(7);
  giveBack(bytes);
  expect(isLent(bytes)).toBe(false);
  expect(bytes).toEqual(new Uint8Array(8).fill(7));
});

test("what is read whole is the reader's own, and the buffer goes back", async () => {
  const { bytes, returns } = lent();
  const whole = await collect(streamFrom([bytes]), 100);
  expect(whole).toEqual(new Uint8Array(100).fill(7));
  expect(isLent(whole)).toBe(false);
  expect(returns()).toBe(1);
  const other = lent();
  expect(isLent(concat([other.bytes]))).toBe(false);
  await drain(streamFrom([other.bytes]));
  expect(other.returns()).toBe(1);
});

test("of buffers that nobody uses so many are kept at most", () => {
  const spare = new FreeList<string>(2);
  for (const name of ["one", "two", "three"]) spare.keep(name);
  expect([spare.take(), spare.take(), spare.take()].sort()).toEqual(["one", "two", undefined]);
});

test("gathered chunks are filled again when they were given back, and never before", () => {
  const gather = new Gather({ lends: true });
  const buffers = new Set<ArrayBufferLike>();
  const kept: Uint8Array[] = [];
  for (let round = 0; round < 64; round++) {
    gather.add(new Uint8Array(128 * 1024).fill(round));
    for (const chunk of gather.take()) {
      expect(chunk.every((byte) => byte === round)).toBe(true);
      buffers.add(chunk.buffer);
      if (round % 16 === 0) kept.push(chunk);
      else giveBack(chunk);
    }
  }
  expect(kept.map((chunk) => [chunk[0], chunk.at(-1)])).toEqual(
    [0, 16, 32, 48].map((round) => [round, round]),
  );
  expect(buffers.size).toBe(5);
});
