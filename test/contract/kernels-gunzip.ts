import { constants, crc32, deflateRawSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { AccessPoint, Kernels } from "../../src/kernel/kernels.ts";
import {
  anyData,
  codeOf,
  cutAt,
  cutEvery,
  cutPoints,
  mixture,
  noise,
  prose,
  runCodec,
} from "./kernels-input.ts";

const FTEXT = 1;
const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;

/** What reading gzip must do on every engine; node:zlib writes the input. */
export function gunzipContract(kernels: () => Kernels): void {
  const gunzip = (data: Uint8Array, size = data.length || 1) =>
    runCodec(kernels().gunzip(), cutEvery(data, size));
  const refusal = (data: Uint8Array, size?: number) => codeOf(() => gunzip(data, size));

  test("reads what zlib writes at every level, strategy, window and memory level", () => {
    const data = mixture(90_000, 5);
    const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED } = constants;
    for (const strategy of [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED]) {
      for (let level = 0; level <= 9; level++) {
        expect(gunzip(gzipSync(data, { level, strategy }), 5000)).toEqual(Buffer.from(data));
      }
    }
    for (let windowBits = 9; windowBits <= 15; windowBits++) {
      for (const memLevel of [1, 2, 5, 9]) {
        expect(gunzip(gzipSync(data, { windowBits, memLevel }), 5000)).toEqual(Buffer.from(data));
      }
    }
  });

  test("reads any data, however the input is cut", () => {
    const level = fc.integer({ min: 0, max: 9 });
    fc.assert(
      fc.property(anyData, level, cutPoints, (data, level, points) => {
        const packed = gzipSync(data, { level });
        expect(runCodec(kernels().gunzip(), cutAt(packed, points))).toEqual(Buffer.from(data));
      }),
      { numRuns: 80 },
    );
  });

  test("reads one byte at a time through stored, fixed and dynamic blocks", () => {
    const data = Buffer.concat([prose(3000), noise(500), prose(500, 2)]);
    for (const options of [{ level: 0 }, { strategy: constants.Z_FIXED }, { level: 6 }, { level: 1 }]) {
      expect(gunzip(gzipSync(data, options), 1)).toEqual(data);
    }
  });

  test("reads output many times larger than its window", () => {
    const data = mixture(3_000_000, 9);
    expect(gunzip(gzipSync(data)).equals(data)).toBe(true);
  });

  test("reads every distance from 1 to 32768", () => {
    const start = noise(32_768);
    for (const distance of [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 255, 4096, 32_767, 32_768]) {
      const data = Buffer.concat([start, start.subarray(start.length - distance), prose(40)]);
      expect(gunzip(gzipSync(data, { level: 9 })).equals(data)).toBe(true);
    }
  });

  test("reads members one after the other, empty ones too", () => {
    const parts = [prose(70_000), new Uint8Array(), noise(3000), prose(10, 3), new Uint8Array()];
    const packed = Buffer.concat(parts.map((part, i) => gzipSync(part, { level: i })));
    for (const size of [1, 2, 3, 7, 1000, packed.length]) {
      expect(gunzip(packed, size).equals(Buffer.concat(parts))).toBe(true);
    }
  });

  test("reads members that begin anywhere in the window and run on beyond it", () => {
    for (const first of [1, 40_000, 250_000, 262_143, 300_000]) {
      const parts = [mixture(first, 1), mixture(700_000, 2), mixture(700_000, 3)];
      const packed = Buffer.concat(parts.map((part) => gzipSync(part, { level: 9 })));
      expect(gunzip(packed).equals(Buffer.concat(parts))).toBe(true);
    }
  });

  test("reads headers with any of the optional fields", () => {
    const data = prose(500);
    for (let flags = 0; flags < 32; flags++) {
      const packed = member(data, { flags });
      for (const size of [1, 5, packed.length]) expect(gunzip(packed, size)).toEqual(Buffer.from(data));
    }
  });

  test("reads empty optional fields", () => {
    const packed = member(prose(5), { flags: FEXTRA | FNAME | FCOMMENT | FHCRC, extra: 0, text: "" });
    expect(gunzip(packed, 1)).toEqual(Buffer.from(prose(5)));
  });

  test("refuses a header with a wrong CRC, reserved flags, another method or other magic", () => {
    const data = prose(50);
    const header = (change: (packed: Uint8Array) => void, flags = 0) => {
      const packed = member(data, { flags });
      change(packed);
      return refusal(packed);
    };
    expect(header((packed) => (packed[4] = 9), FHCRC)).toBe("GZIP_INVALID");
    for (const flag of [32, 64, 128]) expect(header((packed) => (packed[3] = flag))).toBe("GZIP_INVALID");
    expect(header((packed) => (packed[2] = 7))).toBe("GZIP_INVALID");
    expect(header((packed) => (packed[0] = 0x50))).toBe("GZIP_INVALID");
    expect(header((packed) => (packed[1] = 0x8c))).toBe("GZIP_INVALID");
  });

  test("refuses a wrong CRC-32 or length", () => {
    const packed = gzipSync(prose(1000));
    for (let back = 1; back <= 8; back++) {
      const damaged = new Uint8Array(packed);
      damaged[packed.length - back] = (damaged[packed.length - back] as number) ^ 1;
      expect(refusal(damaged)).toBe("GZIP_INVALID");
    }
  });

  test("accepts zeros behind the last member, and nothing else", () => {
    const packed = gzipSync(prose(1000));
    const followed = (...bytes: number[]) => Buffer.concat([packed, Uint8Array.from(bytes)]);
    expect(gunzip(followed(0, 0, 0), 1)).toEqual(Buffer.from(prose(1000)));
    expect(gunzip(Buffer.concat([packed, new Uint8Array(100_000)]))).toEqual(Buffer.from(prose(1000)));
    expect(refusal(followed(1))).toBe("GZIP_INVALID");
    expect(refusal(followed(0, 0, 7))).toBe("GZIP_INVALID");
    expect(refusal(followed(0x1f, 0))).toBe("GZIP_INVALID");
    expect(refusal(Buffer.concat([packed, new Uint8Array(3), packed]))).toBe("GZIP_INVALID");
  });

  test("calls no input, and only zeros, what they are", () => {
    expect(refusal(new Uint8Array())).toBe("GZIP_TRUNCATED");
    expect(refusal(new Uint8Array(20))).toBe("GZIP_INVALID");
  });

  test("notices an end at every byte of a member", () => {
    const first = member(prose(400), { flags: FEXTRA | FNAME | FCOMMENT | FHCRC });
    const packed = Buffer.concat([
      first,
      gzipSync(noise(50)),
      gzipSync(prose(300), { strategy: constants.Z_FIXED }),
    ]);
    const ends = new Set([first.length, first.length + gzipSync(noise(50)).length]);
    for (let length = 0; length < packed.length; length++) {
      const cut = packed.subarray(0, length);
      for (const size of [1, packed.length]) {
        if (ends.has(length)) gunzip(cut, size);
        else expect(refusal(cut, size), `cut to ${length} bytes`).toBe("GZIP_TRUNCATED");
      }
    }
  });

  test("a flipped bit is an error or changes nothing that was packed", () => {
    for (const data of [prose(600), Buffer.concat([noise(40), prose(100)]), new Uint8Array(3000)]) {
      for (const options of [{ level: 9 }, { strategy: constants.Z_FIXED }, { level: 0 }]) {
        const packed = gzipSync(data, options);
        for (let bit = 0; bit < packed.length * 8; bit++) {
          const damaged = new Uint8Array(packed);
          damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
          expectHonest(() => gunzip(damaged), data);
        }
      }
    }
  });

  test("damage of any kind is an error or changes nothing that was packed", () => {
    const damage = fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyData, damage, cutPoints, (data, places, points) => {
        const damaged = new Uint8Array(gzipSync(data));
        for (const [place, byte] of places) damaged[Math.floor((place * (damaged.length - 1)) / 1000)] = byte;
        expectHonest(() => runCodec(kernels().gunzip(), cutAt(damaged, points)), data);
      }),
      { numRuns: 150 },
    );
  });

  test("a member cannot copy from the member before it", () => {
    const secret = prose(2000);
    const body = deflateRawSync(secret, { dictionary: secret });
    const second = Buffer.concat([header(0), body, trailer(secret)]);
    expect(refusal(Buffer.concat([gzipSync(secret), second]))).toBe("GZIP_INVALID");
  });

  test("breaks off a bomb before it hands out more than the limit", () => {
    const bomb = gzipSync(new Uint8Array(32 << 20), { level: 9 });
    const limit = 1 << 20;
    let taken = 0;
    const codec = kernels().gunzip({ maxOutput: limit });
    const write = () => codec.write(bomb, (view) => (taken += view.length));
    expect(codeOf(write)).toBe("LIMIT_EXCEEDED");
    expect(taken).toBeLessThanOrEqual(limit);
  });

  test("counts the limit over all members, and lets through exactly as much", () => {
    const packed = Buffer.concat([gzipSync(prose(1000)), gzipSync(prose(1000))]);
    const limited = (maxOutput: number) => () => runCodec(kernels().gunzip({ maxOutput }), [packed]);
    expect(limited(2000)()).toHaveLength(2000);
    expect(codeOf(limited(1999))).toBe("LIMIT_EXCEEDED");
    expect(codeOf(limited(0))).toBe("LIMIT_EXCEEDED");
  });

  test("breaks off a bomb by its ratio before it hands out more than that", () => {
    const bomb = gzipSync(new Uint8Array(24 << 20), { level: 9 });
    const limits = { maxRatio: 250, ratioFloor: 1 << 20 };
    for (const size of [100, 1000, bomb.length]) {
      let taken = 0;
      const codec = kernels().gunzip(limits);
      const write = () => {
        for (const chunk of cutEvery(bomb, size)) codec.write(chunk, (view) => (taken += view.length));
      };
      expect(codeOf(write)).toBe("LIMIT_EXCEEDED");
      expect(taken).toBeLessThanOrEqual(Math.max(1 << 20, 250 * bomb.length));
    }
  });

  test("a bomb behind honest data, or in a later member, is one all the same", () => {
    const bomb = gzipSync(new Uint8Array(24 << 20), { level: 9 });
    const limits = { maxRatio: 250, ratioFloor: 1 << 20 };
    const limited = (data: Uint8Array) => () => runCodec(kernels().gunzip(limits), cutEvery(data, 4096));
    expect(codeOf(limited(gzipSync(Buffer.concat([noise(5000), new Uint8Array(24 << 20)]))))).toBe(
      "LIMIT_EXCEEDED",
    );
    expect(codeOf(limited(Buffer.concat([gzipSync(noise(5000)), bomb])))).toBe("LIMIT_EXCEEDED");
  });

  test("takes any ratio below the floor, or where none is asked for", () => {
    const zeros = gzipSync(new Uint8Array(20 << 20), { level: 9 });
    expect(runCodec(kernels().gunzip(), [zeros])).toHaveLength(20 << 20);
    expect(runCodec(kernels().gunzip({ maxRatio: 1, ratioFloor: 20 << 20 }), [zeros])).toHaveLength(20 << 20);
    expect(codeOf(() => runCodec(kernels().gunzip({ maxRatio: 250 }), [zeros]))).toBe("LIMIT_EXCEEDED");
    const small = gzipSync(new Uint8Array(1 << 20), { level: 9 });
    expect(runCodec(kernels().gunzip({ maxRatio: 1 }), [small])).toHaveLength(1 << 20);
  });

  test("reading is taken up at every access point, and the member's checksum still counts", ({ skip }) => {
    const { gunzipWithPoints, gunzipFrom } = kernels();
    if (!gunzipWithPoints || !gunzipFrom) return skip("this engine finds no access points");
    accessPointsContract(gunzipWithPoints, gunzipFrom);
  });

  test("codecs in progress do not disturb each other", () => {
    const jobs = Array.from({ length: 20 }, (_, i) => {
      const data = mixture(60_000 + i * 1000, i);
      return { data, packed: gzipSync(data), codec: kernels().gunzip(), parts: [] as Uint8Array[] };
    });
    for (let at = 0; at < 80_000; at += 1000) {
      for (const { packed, codec, parts } of jobs) {
        codec.write(packed.subarray(at, at + 1000), (view) => void parts.push(view.slice()));
      }
    }
    for (const { data, codec, parts } of jobs) {
      codec.end((view) => void parts.push(view.slice()));
      expect(Buffer.concat(parts).equals(data)).toBe(true);
    }
  });

  test("goes on working after failures, releases and abandoned codecs", () => {
    const data = mixture(50_000, 3);
    const packed = gzipSync(data);
    for (let i = 0; i < 30; i++) {
      const abandoned = kernels().gunzip();
      abandoned.write(packed.subarray(0, 1000 + i), () => {});
      abandoned.release();
      abandoned.release();
      expect(refusal(noise(1000, i))).toBe("GZIP_INVALID");
      expect(refusal(packed.subarray(0, -5))).toBe("GZIP_TRUNCATED");
      expect(gunzip(packed).equals(data)).toBe(true);
    }
  });

  test("an error of the receiver comes through, and ends the codec", () => {
    const packed = gzipSync(prose(1000));
    const codec = kernels().gunzip();
    const failure = new Error("the disk is full");
    expect(() =>
      codec.write(packed, () => {
        throw failure;
      }),
    ).toThrow(failure);
    expect(codeOf(() => codec.write(packed, () => {}))).toBe("INTERNAL");
    expect(codeOf(() => codec.end(() => {}))).toBe("INTERNAL");
    expect(gunzip(packed)).toEqual(Buffer.from(prose(1000)));
  });

  test("refuses to be used after its end, or from inside its own output", () => {
    const packed = gzipSync(prose(1000));
    const codec = kernels().gunzip();
    const codes: string[] = [];
    codec.write(packed, () => codes.push(codeOf(() => codec.write(packed, () => {}))));
    expect(codes).toEqual(["INTERNAL"]);
    codec.end(() => {});
    expect(codeOf(() => codec.write(packed, () => {}))).toBe("INTERNAL");
    expect(codeOf(() => codec.end(() => {}))).toBe("INTERNAL");
  });

  test("a codec released by its receiver stops without harm to the next", () => {
    const data = mixture(600_000, 4);
    const packed = gzipSync(data);
    const codec = kernels().gunzip();
    codec.write(packed, () => {
      codec.release();
      expect(gunzip(packed).equals(data)).toBe(true);
    });
    expect(codeOf(() => codec.write(packed, () => {}))).toBe("INTERNAL");
    expect(gunzip(packed).equals(data)).toBe(true);
  });
}

/** What an engine that finds access points must do: of several members, of every kind of block, however cut. */
function accessPointsContract(
  gunzipWithPoints: NonNullable<Kernels["gunzipWithPoints"]>,
  gunzipFrom: NonNullable<Kernels["gunzipFrom"]>,
): void {
  const parts = [mixture(300_000, 3), noise(1), new Uint8Array(), prose(90_000), mixture(200_000, 8)];
  const content = Buffer.concat(parts);
  const options = [{ level: 9 }, {}, {}, { strategy: constants.Z_FIXED }, { level: 0 }];
  const packed = Buffer.concat(parts.map((part, i) => gzipSync(part, options[i])));
  for (const size of [37, 5000, packed.length]) {
    const points: AccessPoint[] = [];
    const report = (point: AccessPoint) => void points.push({ ...point, window: point.window.slice() });
    const whole = runCodec(gunzipWithPoints({ spacing: 10_000, report }), cutEvery(packed, size));
    expect(whole.equals(content)).toBe(true);
    expect(points.length).toBeGreaterThan(4);
    for (const [i, point] of points.entries()) {
      expect(point.offset - (points[i - 1]?.offset ?? 0)).toBeGreaterThanOrEqual(10_000);
      const rest = packed.subarray(Math.floor(point.position / 8));
      const read = (from: AccessPoint) => runCodec(gunzipFrom(from), cutEvery(rest, size));
      expect(read(point).equals(content.subarray(point.offset))).toBe(true);
      expect(codeOf(() => read({ ...point, crc: point.crc ^ 1 }))).toBe("GZIP_INVALID");
      expect(codeOf(() => read({ ...point, length: point.length + 1 }))).toBe("GZIP_INVALID");
    }
  }
  const point = { position: 3, offset: 0, window: new Uint8Array(32_769), crc: 0, length: 0 };
  expect(codeOf(() => gunzipFrom(point).write(packed, () => {}))).toBe("INTERNAL");
  expect(codeOf(() => gunzipFrom({ ...point, window: noise(9) }).end(() => {}))).toBe("GZIP_TRUNCATED");
}

/** Damage may be reported, or may have hit a byte without meaning (a header's time); it may not yield other data. */
function expectHonest(task: () => Uint8Array, data: Uint8Array): void {
  let output: Uint8Array | undefined;
  const code = codeOf(() => {
    output = task();
  });
  if (output) expect(Buffer.from(output).equals(data)).toBe(true);
  else expect(["GZIP_INVALID", "GZIP_TRUNCATED"]).toContain(code);
}

/** A member with the optional header fields of RFC 1952 §2.3, which zlib does not write. */
function member(data: Uint8Array, options: { flags: number; extra?: number; text?: string }): Uint8Array {
  return Buffer.concat([
    header(options.flags, options.extra, options.text),
    deflateRawSync(data),
    trailer(data),
  ]);
}

function header(flags: number, extra = 700, text = "a name"): Uint8Array {
  const parts = [Buffer.of(0x1f, 0x8b, 8, flags | FTEXT, 1, 2, 3, 4, 2, 3)];
  if (flags & FEXTRA) parts.push(Buffer.of(extra & 255, extra >> 8), Buffer.alloc(extra, 0xaa));
  if (flags & FNAME) parts.push(Buffer.from(`${text}\0`));
  if (flags & FCOMMENT) parts.push(Buffer.from(`${text} of another\0`));
  if (flags & FHCRC) {
    const crc = crc32(Buffer.concat(parts));
    parts.push(Buffer.of(crc & 255, (crc >> 8) & 255));
  }
  return Buffer.concat(parts);
}

function trailer(data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(crc32(data), 0);
  bytes.writeUInt32LE(data.length, 4);
  return bytes;
}
