import { expect, it } from "vitest";
import { keptSlices } from "../../../src/bytes/kept-slices.ts";
import { bytesSlices, type Slices } from "../../../src/bytes/slices.ts";
import { sampleBytes } from "../registry/support.ts";
import { readAll } from "../tar/raw.ts";

const BODY = sampleBytes(5_000_000);
const KIB = 1024;

function counted() {
  const asked: string[] = [];
  const slices: Slices = {
    size: BODY.length,
    slice(start = 0, end = BODY.length) {
      asked.push(`${start}+${end - start}`);
      return bytesSlices(BODY).slice(start, end);
    },
  };
  const kept = keptSlices(slices, BODY.slice(0, 100));
  const read = async (start?: number, end?: number) => {
    const bytes = await readAll(kept.slice(start, end));
    expect(bytes).toEqual(BODY.slice(start, end));
    return bytes;
  };
  return { asked, kept, read };
}

it("what is small is read with what stands behind it, and read once", async () => {
  const { asked, kept, read } = counted();
  expect(kept.size).toBe(BODY.length);
  await read(0, 100);
  await read(20, 21);
  await read(50, 50);
  expect(asked).toEqual([]);
  await read(90, 110);
  await read(200, 16 * KIB);
  await read(1_000_000, 1_000_512);
  await read(1_000_512, 1_000_512 + 15 * KIB);
  await read(BODY.length - 10);
  await read(BODY.length - 3, BODY.length + 100);
  expect(asked).toEqual(["90+16384", "1000000+16384", `${BODY.length - 10}+10`]);
});

it("what is large is passed on as it is, and not kept", async () => {
  const { asked, read } = counted();
  for (let time = 0; time < 2; time++) await read(200_000, 300_000);
  await read();
  expect(asked).toEqual(["200000+100000", "200000+100000", `0+${BODY.length}`]);
});

it("the oldest parts go where the newest take their place, and what is handed out is nobody else's", async () => {
  const { asked, read } = counted();
  const part = (at: number) => read(at * 20_000, at * 20_000 + 10);
  (await part(1)).fill(7);
  await part(1);
  expect(asked).toHaveLength(1);
  for (let at = 2; at < 150; at++) await part(at);
  expect(asked).toHaveLength(149);
  await part(149);
  expect(asked).toHaveLength(149);
  await part(1);
  expect(asked).toHaveLength(150);
});
