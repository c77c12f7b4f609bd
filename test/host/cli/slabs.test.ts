/** The memory that a connection reads into. */
import { expect, test } from "vitest";
import { Slabs } from "../../../cli/host/http/slabs.ts";
import { giveBack } from "../../../src/bytes/loan.ts";

/** As a socket does it: fills some of the room, and takes what is in it. */
function read(slabs: Slabs, length: number, byte: number): Uint8Array {
  const room = slabs.room();
  const filled = Math.min(length, room.length);
  room.fill(byte, 0, filled);
  return slabs.take(filled);
}

/** Reads until slabs have their largest size, of which alone some are on loan. */
function grown(): Slabs {
  const slabs = new Slabs();
  while (slabs.room().length < 1 << 20) read(slabs, 1 << 20, 0);
  return slabs;
}

test("slabs that were given back are filled again", () => {
  const slabs = grown();
  const buffers = new Set<ArrayBufferLike>();
  for (let round = 0; round < 100; round++) {
    const bytes = read(slabs, 300_000, round);
    expect(bytes.every((byte) => byte === round)).toBe(true);
    buffers.add(bytes.buffer);
    giveBack(bytes);
  }
  expect(buffers.size).toBeLessThanOrEqual(2);
});

test("a slab of which one part is kept is not", () => {
  const slabs = grown();
  const kept: Uint8Array[] = [];
  for (let round = 0; round < 100; round++) {
    const bytes = read(slabs, 300_000, round);
    if (round % 10 === 0) kept.push(bytes);
    else giveBack(bytes);
  }
  expect(kept.every((bytes, at) => bytes.every((byte) => byte === at * 10))).toBe(true);
});

test("documents come in slabs of their own, however they are kept", () => {
  const slabs = new Slabs();
  const [first, second] = [read(slabs, 1000, 1), read(slabs, 1000, 2)];
  giveBack(first);
  giveBack(second);
  expect([first[0], second[0]]).toEqual([1, 2]);
});
