import { constants, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Codec, InflateOptions, Kernels } from "../../src/kernel/kernels.ts";
import { pushed } from "../../src/kernel/pulled-codec.ts";
import {
  anyData,
  codeOf,
  cutAt,
  cutEvery,
  cutPoints,
  mixture,
  noise,
  prose,
  randomNumbers,
  runCodec,
} from "./kernels-input.ts";

const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag, ZSTD_c_contentSizeFlag, ZSTD_c_windowLog } = constants;

/** A frame of libzstd's, with a checksum unless told otherwise. */
export function packed(data: Uint8Array, level = 3, params: Record<number, number> = {}): Buffer {
  return zstdCompressSync(data, {
    params: { [ZSTD_c_compressionLevel]: level, [ZSTD_c_checksumFlag]: 1, ...params },
  });
}

/** A frame to be skipped (RFC 8878 §3.1.2); `kind` is the half byte that is free. */
export function skippable(content: Uint8Array, kind = 0): Buffer {
  const head = Buffer.from([0x50 | kind, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}

/** A frame that repeats one byte, `blocks` times 128 KiB: four bytes a block. */
export function bomb(blocks: number, window = 0x40): Buffer {
  const block = (last: number) => {
    const header = (131_072 << 3) | (1 << 1) | last;
    return [header & 255, (header >> 8) & 255, header >> 16, 0x61];
  };
  const all = Array.from({ length: blocks }, (_, i) => block(i === blocks - 1 ? 1 : 0));
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, window, ...all.flat()]);
}

/** What reading zstd must do on every engine; Node's libzstd writes the input. */
export function unzstdContract(kernels: () => Kernels): void {
  const codec = async (options?: InflateOptions): Promise<Codec> =>
    pushed(await kernels().zstd.decoder(options));
  const unzstd = async (data: Uint8Array, size = data.length || 1) =>
    runCodec(await codec(), cutEvery(data, size));
  const refusal = async (data: Uint8Array, size = data.length || 1) => {
    const reader = await codec();
    return codeOf(() => runCodec(reader, cutEvery(data, size)));
  };

  test("reads what libzstd writes at every level, window, with and without size and checksum", async () => {
    const data = mixture(400_000, 5);
    for (let level = -5; level <= 22; level++) {
      expect((await unzstd(packed(data, level), 5000)).equals(data)).toBe(true);
    }
    for (let windowLog = 10; windowLog <= 27; windowLog++) {
      const params = { [ZSTD_c_windowLog]: windowLog, [ZSTD_c_contentSizeFlag]: windowLog & 1 };
      expect((await unzstd(packed(data, 1, params), 5000)).equals(data)).toBe(true);
    }
    const bare = { [ZSTD_c_checksumFlag]: 0, [ZSTD_c_contentSizeFlag]: 0 };
    for (const size of [0, 1, 255, 256, 257, 65_791, 65_792, 65_793]) {
      const part = data.subarray(0, size);
      expect((await unzstd(packed(part))).equals(part)).toBe(true);
      expect((await unzstd(packed(part, 3, bare))).equals(part)).toBe(true);
    }
  });

  test("reads any data, however the input is cut", async () => {
    const level = fc.integer({ min: -3, max: 19 });
    await fc.assert(
      fc.asyncProperty(anyData, level, cutPoints, async (data, level, points) => {
        const output = runCodec(await codec(), cutAt(packed(data, level), points));
        expect(output.equals(data)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("reads one byte at a time", async () => {
    const data = Buffer.concat([prose(3000), noise(500), new Uint8Array(4000)]);
    const input = Buffer.concat([skippable(noise(9)), packed(data), packed(data, 19)]);
    expect((await unzstd(input, 1)).equals(Buffer.concat([data, data]))).toBe(true);
  });

  test("reads frames one after another, and skips those to be skipped, wherever they stand", async () => {
    const parts = [prose(5000), new Uint8Array(), noise(3000), mixture(200_000)];
    const kinds = Array.from({ length: 16 }, (_, kind) => skippable(noise(kind * 37), kind));
    const frames = parts.map((part) => packed(part));
    const input = Buffer.concat([...kinds, ...frames.flatMap((frame) => [frame, skippable(noise(70_000))])]);
    for (const size of [1, 7, 4096, input.length]) {
      expect((await unzstd(input, size)).equals(Buffer.concat(parts))).toBe(true);
    }
    expect((await unzstd(skippable(new Uint8Array()))).length).toBe(0);
  });

  test("refuses other data before, between and behind frames", async () => {
    const frame = packed(prose(1000));
    for (const other of [[0], [0x28], [1, 2, 3, 4], [0x1f, 0x8b], [0x28, 0xb5, 0x2f, 0xfe]]) {
      const junk = Buffer.from(other);
      const cut = other[0] === 0x28 && other.length === 1;
      expect(await refusal(Buffer.concat([frame, junk]), 100)).toBe(cut ? "ZSTD_TRUNCATED" : "ZSTD_INVALID");
      expect(await refusal(Buffer.concat([frame, junk, frame]))).toBe("ZSTD_INVALID");
      expect(await refusal(Buffer.concat([junk, frame]))).toBe("ZSTD_INVALID");
    }
  });

  test("refuses a wrong checksum, whichever bit", async () => {
    const frame = packed(prose(1000));
    for (let bit = 0; bit < 32; bit++) {
      const damaged = Buffer.from(frame);
      const at = frame.length - 4 + (bit >> 3);
      damaged[at] = (damaged[at] as number) ^ (1 << (bit & 7));
      expect(await refusal(damaged)).toBe("ZSTD_INVALID");
    }
  });

  test("says of every cut that the data ends early, and takes one between frames", async () => {
    const frames = [skippable(noise(20)), packed(prose(800)), packed(noise(300)), skippable(noise(3))];
    const input = Buffer.concat(frames);
    const ends = new Set(frames.map((_, i) => Buffer.concat(frames.slice(0, i + 1)).length));
    for (let length = 0; length < input.length; length++) {
      const cut = input.subarray(0, length);
      for (const size of [length || 1, 11]) {
        if (ends.has(length)) await unzstd(cut, size);
        else expect(await refusal(cut, size), `cut to ${length} bytes`).toBe("ZSTD_TRUNCATED");
      }
    }
  });

  test("gives no other content for damaged data with a checksum", async () => {
    const data = mixture(20_000, 8);
    const frame = packed(data);
    const next = randomNumbers(3);
    for (let i = 0; i < 3000; i++) {
      const damaged = Buffer.from(frame);
      const at = next(i % 2 === 0 ? 300 : frame.length);
      damaged[at] = (damaged[at] as number) ^ (1 << next(8));
      const reader = await codec();
      let output: Buffer | undefined;
      const code = codeOf(() => {
        output = runCodec(reader, cutEvery(damaged, 1 + next(5000)));
      });
      if (output) expect(output.equals(data)).toBe(true);
      else expect(["ZSTD_INVALID", "ZSTD_TRUNCATED", "LIMIT_EXCEEDED"]).toContain(code);
    }
  });

  test("refuses a window above the limit before it takes the memory", async () => {
    const most = bomb(1, (27 - 10) << 3);
    expect((await unzstd(most)).length).toBe(131_072);
    expect(await refusal(bomb(1, ((27 - 10) << 3) | 1))).toBe("LIMIT_EXCEEDED");
    expect(await refusal(bomb(1, 255))).toBe("LIMIT_EXCEEDED");
    // One segment: the window is the content, and that is said to be an exabyte.
    const exabyte = [0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0, 0];
    expect(await refusal(Buffer.from(exabyte))).toBe("LIMIT_EXCEEDED");
  });

  test("refuses a frame that needs a dictionary", async () => {
    expect(await refusal(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x40, 7, 1, 0, 0]))).toBe("ZSTD_INVALID");
  });

  test("stops a bomb at the limit: not a byte beyond it is handed out", async () => {
    const limit = 1_000_000;
    const reader = await codec({ maxOutput: limit });
    let produced = 0;
    const code = codeOf(() => {
      reader.write(bomb(4000), (view) => {
        produced += view.length;
      });
    });
    expect(code).toBe("LIMIT_EXCEEDED");
    expect(produced).toBeLessThanOrEqual(limit);
    const data = prose(5000);
    expect(runCodec(await codec({ maxOutput: 5000 }), [packed(data)]).equals(data)).toBe(true);
  });

  test("gives a block's 128 KiB at most before it is asked again, however much input it has", async () => {
    const reader = await kernels().zstd.decoder();
    let total = 0;
    for (const view of reader.write(bomb(300))) {
      expect(view.length).toBeLessThanOrEqual(131_072);
      total += view.length;
    }
    for (const view of reader.end()) total += view.length;
    expect(total).toBe(300 * 131_072);
  });

  test("refuses more input before all it gave was taken, and any after it was left", async () => {
    const reader = await kernels().zstd.decoder();
    for (const _ of reader.write(bomb(3))) {
      expect(codeOf(() => [...reader.write(bomb(3))])).toBe("INTERNAL");
      break;
    }
    expect(codeOf(() => [...reader.write(bomb(3))])).toBe("INTERNAL");
    reader.release();
    expect((await unzstd(bomb(2))).length).toBe(2 * 131_072);
  });

  test("reads several streams in turns, and after ones that were given up", async () => {
    const streams = await Promise.all(
      [3, 4, 5, 6, 7, 8].map(async (seed) => {
        const data = mixture(150_000, seed);
        return {
          data,
          chunks: [...cutEvery(packed(data), 999)],
          codec: await codec(),
          parts: [] as Buffer[],
        };
      }),
    );
    for (let i = 0; streams.some(({ chunks }) => i < chunks.length); i++) {
      for (const { chunks, codec, parts } of streams) {
        if (chunks[i]) codec.write(chunks[i] as Uint8Array, (view) => void parts.push(Buffer.from(view)));
      }
    }
    for (const { data, codec, parts } of streams) {
      codec.end((view) => void parts.push(Buffer.from(view)));
      expect(Buffer.concat(parts).equals(data)).toBe(true);
    }
    const data = mixture(300_000);
    for (let i = 0; i < 30; i++) {
      const abandoned = await codec();
      abandoned.write(packed(data).subarray(0, 50_000), () => {});
      abandoned.release();
      expect(await refusal(noise(1000, i))).toBe("ZSTD_INVALID");
    }
    expect((await unzstd(packed(data))).equals(data)).toBe(true);
  });

  test("refuses to be used after its end, and from inside its own emit", async () => {
    const frame = packed(prose(1000));
    const reader = await codec();
    reader.write(frame, () => {});
    reader.end(() => {});
    expect(codeOf(() => reader.write(frame, () => {}))).toBe("INTERNAL");
    const busy = await codec();
    expect(codeOf(() => busy.write(bomb(2), () => busy.write(frame, () => {})))).toBe("INTERNAL");
  });
}

/** The suite that every engine of zstd passes. */
export function zstdContract(name: string, load: () => Promise<Kernels>): void {
  describe(name, async () => {
    const kernels = await load();
    describe("unzstd", () => unzstdContract(() => kernels));
  });
}
