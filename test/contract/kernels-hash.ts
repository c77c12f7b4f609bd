import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Kernels } from "../../src/kernel/kernels.ts";
import { anyData, codeOf, cutAt, cutPoints, mixture, noise } from "./kernels-input.ts";

/** What hashes and checksums must do on every engine; node:crypto and node:zlib know the right results. */
export function hashContract(kernels: () => Kernels): void {
  const algorithms = ["sha256", "sha512"] as const;
  const expected = (algorithm: string, data: Uint8Array) =>
    new Uint8Array(createHash(algorithm).update(data).digest());

  for (const algorithm of algorithms) {
    test(`${algorithm} is right at every length around a block's end`, () => {
      const data = noise(300);
      for (let length = 0; length <= data.length; length++) {
        const hasher = kernels().hasher(algorithm);
        hasher.update(data.subarray(0, length));
        expect(hasher.digest()).toEqual(expected(algorithm, data.subarray(0, length)));
      }
    });

    test(`${algorithm} does not depend on how the data is cut`, () => {
      fc.assert(
        fc.property(anyData, cutPoints, (data, points) => {
          const hasher = kernels().hasher(algorithm);
          for (const chunk of cutAt(data, points)) hasher.update(chunk);
          expect(hasher.digest()).toEqual(expected(algorithm, data));
        }),
        { numRuns: 60 },
      );
    });

    test(`${algorithm} hashers in progress do not disturb each other`, () => {
      const data = noise(5000);
      const hashers = Array.from({ length: 2000 }, () => kernels().hasher(algorithm));
      for (const [i, hasher] of hashers.entries()) hasher.update(data.subarray(0, i));
      for (const [i, hasher] of hashers.entries()) if (i % 3 === 0) hasher.release();
      for (const [i, hasher] of hashers.entries()) if (i % 3 !== 0) hasher.update(data.subarray(i, 2 * i));
      for (const [i, hasher] of hashers.entries()) {
        if (i % 3 !== 0) expect(hasher.digest()).toEqual(expected(algorithm, data.subarray(0, 2 * i)));
      }
    });

    test(`${algorithm} refuses to go on after its digest or release`, () => {
      const finished = kernels().hasher(algorithm);
      finished.digest();
      const released = kernels().hasher(algorithm);
      released.release();
      for (const hasher of [finished, released]) {
        expect(codeOf(() => hasher.update(noise(1)))).toBe("INTERNAL");
        expect(codeOf(() => hasher.digest())).toBe("INTERNAL");
        hasher.release();
      }
    });
  }

  test("sha256 of many messages is each one's own, whatever their lengths and number", () => {
    const data = noise(150_000);
    const messages = Array.from({ length: 140 }, (_, length) => data.subarray(0, length));
    expect(kernels().sha256Many(messages)).toEqual(messages.map((message) => expected("sha256", message)));
    const lengths = fc.array(fc.oneof(fc.nat(200), fc.nat(40_000), fc.nat(150_000)), { maxLength: 12 });
    fc.assert(
      fc.property(lengths, (lengths) => {
        const parts = lengths.map((length, i) => data.subarray(i, i + length));
        expect(kernels().sha256Many(parts)).toEqual(parts.map((part) => expected("sha256", part)));
      }),
      { numRuns: 40 },
    );
  });

  test("sha256 of many messages around the end of a window, fewer and more than there are lanes", () => {
    const data = noise(33_000);
    const lengths = [16_383, 16_384, 16_385, 16_384 - 8, 16_384 - 9, 32_767, 32_768, 32_769, 0];
    for (let count = 0; count <= lengths.length; count++) {
      const messages = lengths.slice(0, count).map((length) => data.subarray(0, length));
      expect(kernels().sha256Many(messages)).toEqual(messages.map((message) => expected("sha256", message)));
    }
  });

  test("sha256 of many messages disturbs no hasher in progress", () => {
    const data = noise(1000);
    const hasher = kernels().resumableSha256();
    hasher.update(data.subarray(0, 100));
    kernels().sha256Many([data, data.subarray(1), data.subarray(2), data.subarray(3), data.subarray(4)]);
    hasher.update(data.subarray(100));
    expect(hasher.digest()).toEqual(expected("sha256", data));
  });

  test("sha256 hashes more than fits any window", () => {
    const data = noise(3_000_000);
    const hasher = kernels().hasher("sha256");
    hasher.update(data);
    expect(hasher.digest()).toEqual(expected("sha256", data));
  });

  test("a sha256 saved at any byte goes on where it was", () => {
    const data = noise(200);
    for (let saved = 0; saved <= data.length; saved++) {
      const first = kernels().resumableSha256();
      first.update(data.subarray(0, saved));
      const second = kernels().resumableSha256(first.save());
      second.update(data.subarray(saved));
      expect(second.digest()).toEqual(expected("sha256", data));
      // Saving took nothing away.
      first.update(data.subarray(saved));
      expect(first.digest()).toEqual(expected("sha256", data));
    }
  });

  test("a saved sha256 depends on the bytes hashed, not on how they were cut nor on what was hashed before", () => {
    const data = noise(1000);
    const other = kernels().resumableSha256();
    other.update(noise(999, 7));
    const whole = kernels().resumableSha256();
    whole.update(data);
    const pieces = kernels().resumableSha256();
    for (const byte of data) pieces.update(Uint8Array.of(byte));
    expect(pieces.save()).toEqual(whole.save());
    other.release();
  });

  test("a state given to be resumed is copied", () => {
    const first = kernels().resumableSha256();
    first.update(noise(10));
    const state = first.save();
    const second = kernels().resumableSha256(state);
    state.fill(0);
    expect(second.digest()).toEqual(expected("sha256", noise(10)));
  });

  test("a state of another size is refused", () => {
    expect(codeOf(() => kernels().resumableSha256(new Uint8Array(7)))).toBe("INTERNAL");
  });

  test("crc32 is zlib's, at any offset, length and cut", () => {
    const lengths = Array.from({ length: 70 }, (_, length) => noise(length));
    for (const data of lengths) expect(kernels().crc32(data)).toBe(crc32(data));
    fc.assert(
      fc.property(anyData, cutPoints, fc.nat(15), (data, points, offset) => {
        const shifted = data.subarray(offset);
        const crc = cutAt(shifted, points).reduce((sum, chunk) => kernels().crc32(chunk, sum), 0);
        expect(crc).toBe(crc32(shifted));
      }),
      { numRuns: 60 },
    );
  });

  test("crc32 of long data is zlib's, on both sides of where another method takes over", () => {
    const data = mixture(200_000, 12);
    for (const length of [14_399, 14_400, 14_401, 14_415, 21_183, 65_535, 65_536, 65_537, 200_000]) {
      expect(kernels().crc32(data.subarray(0, length), 77)).toBe(crc32(data.subarray(0, length), 77));
    }
  });

  test("the crc32 of two parts follows from theirs", () => {
    fc.assert(
      fc.property(anyData, fc.nat(1000), (data, point) => {
        const cut = Math.floor((point * data.length) / 1000);
        const [first, second] = [data.subarray(0, cut), data.subarray(cut)];
        expect(kernels().combineCrc32(crc32(first), crc32(second), second.length)).toBe(crc32(data));
      }),
      { numRuns: 60 },
    );
  });
}
