/** What every Spool keeps, whatever it is made of. */
import { describe, expect, it } from "vitest";
import type { Spool } from "../../src/bytes/spool.ts";
import { chunksOf, collect, concat } from "../../src/bytes/stream.ts";
import { noise } from "./kernels-data.ts";

const LIMIT = 1 << 26;

export function spoolContract(name: string, make: () => Spool & { dispose?(): Promise<void> }): void {
  describe(`${name} keeps the spool's contract`, () => {
    const withSpool = (work: (spool: Spool) => Promise<void>) => async () => {
      const spool = make();
      try {
        await work(spool);
      } finally {
        await spool.dispose?.();
      }
    };

    it(
      "gives back what was written, as often as asked",
      withSpool(async (spool) => {
        const slot = await spool.create();
        const chunks = [noise(3, 1), noise(700_000, 2), noise(1, 3), noise(300_000, 4), noise(300_000, 5)];
        for (const chunk of chunks) await slot.write(chunk);
        await slot.close();
        expect(await collect(slot.open(), LIMIT)).toEqual(concat(chunks));
        expect(await collect(slot.open(), LIMIT)).toEqual(concat(chunks));
        await slot.dispose();
      }),
    );

    it(
      "says how much may be read while more is written, and all once it is closed",
      withSpool(async (spool) => {
        const slot = await spool.create();
        const bytes = noise(4_000_000, 12);
        for (let at = 0; at < bytes.length; at += 500_000) {
          await slot.write(bytes.subarray(at, at + 500_000));
          const readable = slot.readable();
          expect(readable).toBeLessThanOrEqual(at + 500_000);
          const back = await collect(slot.open(0, readable), LIMIT);
          expect(Buffer.compare(back, bytes.subarray(0, readable))).toBe(0);
        }
        await slot.close();
        expect(slot.readable()).toBe(bytes.length);
        await slot.dispose();
      }),
    );

    it(
      "reads any range, clamped to what there is",
      withSpool(async (spool) => {
        const slot = await spool.create();
        const bytes = noise(600_000, 6);
        for (const [from, to] of [[0, 100_000], [100_000, 256_000], [256_000]]) {
          await slot.write(bytes.subarray(from, to));
        }
        await slot.close();
        const ranges: [number, number?][] = [
          [0, 0],
          [0, 1],
          [255_999, 262_145],
          [599_999],
          [99_999, 100_001],
          [100_000, 256_000],
          [300_000, 400_000],
          [100, 10_000_000],
          [600_000],
        ];
        for (const [start, end] of ranges) {
          expect(await collect(slot.open(start, end), LIMIT)).toEqual(bytes.slice(start, end));
        }
        await slot.dispose();
      }),
    );

    it(
      "lets the caller reuse a chunk once its write resolved",
      withSpool(async (spool) => {
        const slot = await spool.create();
        for (const size of [10, 2_000_000]) {
          const chunk = new Uint8Array(size).fill(7);
          await slot.write(chunk);
          chunk.fill(0);
        }
        await slot.close();
        const back = await collect(slot.open(), LIMIT);
        expect(back.length).toBe(2_000_010);
        expect(back.every((byte) => byte === 7)).toBe(true);
        await slot.dispose();
      }),
    );

    it(
      "keeps slots apart, and readers of one slot apart",
      withSpool(async (spool) => {
        const [a, b] = [await spool.create(), await spool.create()];
        await a.write(noise(400_000, 8));
        await b.write(noise(400_000, 9));
        await Promise.all([a.close(), b.close()]);
        const [first, second, third] = await Promise.all(
          [a.open(), b.open(), a.open(1)].map((s) => collect(s, LIMIT)),
        );
        expect(first).toEqual(noise(400_000, 8));
        expect(second).toEqual(noise(400_000, 9));
        expect(third).toEqual(noise(400_000, 8).slice(1));
        await Promise.all([a.dispose(), b.dispose()]);
      }),
    );

    it(
      "holds an empty run",
      withSpool(async (spool) => {
        const slot = await spool.create();
        await slot.close();
        expect(await collect(slot.open(), LIMIT)).toEqual(new Uint8Array());
        await slot.dispose();
      }),
    );

    it(
      "may be read in part and left, disposed of unread, half written or twice",
      withSpool(async (spool) => {
        const slot = await spool.create();
        await slot.write(noise(800_000, 10));
        await slot.close();
        for await (const _ of chunksOf(slot.open())) break;
        await slot.dispose();
        await slot.dispose();
        const halfWritten = await spool.create();
        await halfWritten.write(noise(10, 11));
        await halfWritten.dispose();
        const next = await spool.create();
        await next.write(noise(20, 12));
        await next.close();
        expect(await collect(next.open(), LIMIT)).toEqual(noise(20, 12));
        await next.dispose();
      }),
    );
  });
}
