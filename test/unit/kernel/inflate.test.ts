import { deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { isSealiftError } from "../../../src/error.ts";
import type { Kernels } from "../../../src/kernel/kernels.ts";
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { cutEvery, mixture, noise, prose, randomNumbers, runCodec } from "../../contract/kernels-input.ts";
import { type Bits, code, deflateBits, dynamic, FIXED, lengths } from "./deflate-bits.ts";
import { kernelModule } from "./module.ts";

let kernels: Kernels;
beforeAll(async () => {
  kernels = wasmKernels(await kernelModule());
});

/** What zlib makes of raw DEFLATE, and how many bytes of it; undefined where it sees an error or an end too soon. */
function zlib(data: Uint8Array): { output: Buffer; used: number } | undefined {
  try {
    const { buffer, engine } = inflateRawSync(data, { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { output: buffer, used: engine.bytesWritten };
  } catch {
    return undefined;
  }
}

/** The same from us: node ignores what follows a stream's end, we call it damage. */
function expectAsZlib(data: Uint8Array, size: number, what: string): boolean {
  const expected = zlib(data);
  const isWhole = expected?.used === data.length;
  expect(ours(data, size), what).toEqual(isWhole ? expected.output : undefined);
  if (expected) expect(ours(data.subarray(0, expected.used), size), what).toEqual(expected.output);
  return expected !== undefined;
}

function ours(data: Uint8Array, size: number): Buffer | undefined {
  try {
    return runCodec(kernels.inflate(), cutEvery(data, size));
  } catch (error) {
    if (isSealiftError(error, "GZIP_INVALID", "GZIP_TRUNCATED")) return undefined;
    throw error;
  }
}

test("takes and refuses random streams exactly as zlib does", () => {
  const next = randomNumbers(77);
  let taken = 0;
  for (let i = 0; i < 30_000; i++) {
    if (expectAsZlib(noise(1 + next(60), i), 1 + next(70), `stream ${i}`)) taken++;
  }
  expect(taken).toBeGreaterThan(100);
});

test("takes and refuses damaged streams exactly as zlib does", () => {
  const sources = [prose(400), Buffer.concat([prose(200), noise(100)]), mixture(5000, 8)];
  for (const source of sources) {
    const packed = deflateRawSync(source, { level: 9 });
    const bits = Math.min(packed.length * 8, 4000);
    for (let bit = 0; bit < bits; bit++) {
      const damaged = new Uint8Array(packed);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expectAsZlib(damaged, damaged.length, `bit ${bit}`);
    }
  }
});

test("takes and refuses damaged streams the same, however they are cut", () => {
  const packed = deflateRawSync(mixture(20_000, 2));
  fc.assert(
    fc.property(fc.nat(packed.length - 1), fc.nat(255), fc.integer({ min: 1, max: 50 }), (at, byte, size) => {
      const damaged = new Uint8Array(packed);
      damaged[at] = byte;
      expect(ours(damaged, size)).toEqual(ours(damaged, damaged.length));
    }),
    { numRuns: 100 },
  );
});

test("a stored length that does not match its complement is damage", () => {
  expect(ours(Buffer.of(1, 3, 0, 0xfd, 0xff, 1, 2, 3), 1)).toEqual(undefined);
  expect(ours(Buffer.of(1, 3, 0, 0xfc, 0xff, 1, 2, 3), 1)).toEqual(Buffer.of(1, 2, 3));
});

/** A hand-made stream: what it unpacks to, and that zlib agrees. */
function handmade(...parts: readonly Bits[]): string | undefined {
  const data = deflateBits(...parts);
  expectAsZlib(data, 1, "hand-made");
  return ours(data, data.length)?.toString("latin1");
}

const A = 0x41;
const END = 256;

test("a block of a code made for it is read", () => {
  const header = dynamic(lengths(257, { [A]: 1, [END]: 1 }), [0]);
  expect(handmade(...header, code("0"), code("0"), code("1"))).toBe("AA");
});

test("a block is read however many bits are at hand where its code lengths end", () => {
  // A precode of 0 in one bit, 18 in two, 1 and 2 in three; the last length, of one bit, follows a repeat of nine.
  const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1];
  const precode = order.map((symbol): Bits => [{ 0: 1, 18: 2, 1: 3, 2: 3 }[symbol] ?? 0, 3]);
  const sent = (length: number) => code({ 0: "0", 1: "110", 2: "111" }[length] ?? "");
  const zeros = (times: number): Bits[] => [code("10"), [times - 11, 7]];
  const next = randomNumbers(5);
  const symbols = Array.from({ length: 300 }, () => code(["00", "01", "10"][next(3)] ?? ""));
  for (let before = 0; before < 8; before++) {
    // A literal of nine bits in a block of the fixed code, for each bit that the next begins later.
    const fixed: Bits[] = [[0b010, 3], ...Array(before).fill(code("110010000")), code("0000000")];
    for (let repeated = 11; repeated < 75; repeated++) {
      const head: Bits[] = [[0b101, 3], [0, 5], [12, 5], [14, 4], ...precode];
      const litlen = [
        ...zeros(repeated),
        ...lengths(257, { 90: 2, 91: 2, 92: 2, 256: 2 }).slice(repeated).map(sent),
      ];
      const distance = [sent(1), ...zeros(11), sent(0)];
      const stream = deflateBits(...fixed, ...head, ...litlen, ...distance, ...symbols, code("11"));
      const what = `${before} literals before, ${repeated} lengths repeated`;
      expect(expectAsZlib(stream, stream.length, what), what).toBe(true);
    }
  }
});

test("a code of a single distance of one bit is read, its other bit refused", () => {
  const header = dynamic(lengths(258, { [A]: 2, [END]: 2, 257: 1 }), [1]);
  expect(handmade(...header, code("10"), code("0"), code("0"), code("11"))).toBe("AAAA");
  expect(handmade(...header, code("10"), code("0"), code("1"), code("11"))).toBe(undefined);
});

test("a match where there is no distance code is refused", () => {
  const header = dynamic(lengths(258, { [A]: 2, [END]: 2, 257: 1 }), [0]);
  expect(handmade(...header, code("10"), code("11"))).toBe("A");
  expect(handmade(...header, code("10"), code("0"), code("0"), code("11"))).toBe(undefined);
});

test("a code of nothing but the end is read, as zlib reads it", () => {
  expect(handmade(...dynamic(lengths(257, { [END]: 1 }), [0]), code("0"))).toBe("");
});

test("a block whose code has no end is refused at its header", () => {
  expect(handmade(...dynamic(lengths(257, { [A]: 1, [A + 1]: 1 }), [0]), code("0"))).toBe(undefined);
});

test("codes with too many or too few symbols are refused", () => {
  const body = [code("00"), code("11")];
  const over = { [A]: 1, [A + 1]: 1, [END]: 1 };
  const under = { [A]: 2, [END]: 2 };
  const overDistances = [1, 1, 1];
  const underDistances = [2, 2];
  expect(handmade(...dynamic(lengths(257, over), [0]), ...body)).toBe(undefined);
  expect(handmade(...dynamic(lengths(257, under), [0]), ...body)).toBe(undefined);
  const complete = lengths(257, { [A]: 1, [END]: 1 });
  expect(handmade(...dynamic(complete, overDistances), code("0"), code("1"))).toBe(undefined);
  expect(handmade(...dynamic(complete, underDistances), code("0"), code("1"))).toBe(undefined);
});

test("more symbols than the alphabets have are refused, even without a code", () => {
  const codes = { [A]: 1, [END]: 1 };
  const body = [code("0"), code("1")];
  expect(handmade(...dynamic(lengths(286, codes), lengths(30, {})), ...body)).toBe("A");
  for (const count of [287, 288]) {
    expect(handmade(...dynamic(lengths(count, codes), [0]), ...body)).toBe(undefined);
  }
  for (const count of [31, 32]) {
    expect(handmade(...dynamic(lengths(257, codes), lengths(count, {})), ...body)).toBe(undefined);
  }
});

test("a repeat of lengths needs one to repeat, and room", () => {
  const litlen = lengths(257, { [A]: 1, [END]: 1 });
  expect(handmade(...dynamic([0, -6, ...litlen.slice(7)], [0]), code("0"), code("1"))).toBe("A");
  expect(handmade(...dynamic([-3, ...litlen.slice(3)], [0]), code("0"), code("1"))).toBe(undefined);
  // From the last literal into the distances a repeat may run, but not beyond them.
  const across = dynamic(lengths(257, { [A]: 1, [A + 1]: 2, [END]: 2 }), [-4]);
  expect(handmade(...across, code("0"), code("11"))).toBe("A");
  const beyond = dynamic(litlen, [-3]).map((part, i): Bits => (i === 2 ? [0, 5] : part));
  expect(handmade(...beyond, code("0"), code("1"))).toBe(undefined);
});

test("an incomplete code of code lengths is refused", () => {
  expect(handmade([0b101, 3], [0, 5], [0, 5], [0, 4], [1, 3], [0, 9], [0, 16])).toBe(undefined);
});

test("symbols that exist in the fixed code only are refused", () => {
  const literal = code("01110001"); // A
  const end = code("0000000");
  expect(handmade(FIXED, literal, code("0000001"), code("00000"), end)).toBe("AAAA");
  for (const symbol of ["11000110", "11000111"]) {
    expect(handmade(FIXED, literal, code(symbol), code("00000"), end)).toBe(undefined);
  }
  // Behind more than 32 KiB, so that it is the symbol that is refused and not the distance it would stand for.
  const stored = Buffer.concat([Buffer.of(0, 0x40, 0x9c, 0xbf, 0x63), noise(40_000)]);
  for (const distance of ["11110", "11111"]) {
    const far = deflateBits(FIXED, literal, code("0000001"), code(distance), [0, 14], end);
    expectAsZlib(Buffer.concat([stored, far]), 40_100, "a far distance");
    expect(ours(Buffer.concat([stored, far]), 40_100)).toBe(undefined);
  }
  const near = deflateBits(FIXED, literal, code("0000001"), code("00000"), end);
  expect(ours(Buffer.concat([stored, near]), 40_100)).toHaveLength(40_004);
});
