import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeName, encodeName, isUtf8 } from "../../../src/bytes/surrogate-escape.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const utf8 = (text: string) => new TextEncoder().encode(text);

/** Bytes that are nearly UTF-8: leads and continuations in all neighbourhoods. */
const awkward = fc
  .array(
    fc.oneof(
      fc.constantFrom(0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1),
      fc.constantFrom(0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xfe, 0xff, 0xbd, 0xbb, 0x2f),
      fc.integer({ min: 0, max: 255 }),
    ),
    { maxLength: 24 },
  )
  .map((values) => Uint8Array.from(values));

it("gives any bytes back as they were", () => {
  fc.assert(
    fc.property(awkward, (name) => {
      expect(encodeName(decodeName(name))).toEqual(name);
    }),
    { numRuns: 2000 },
  );
});

it("reads UTF-8 as everybody does, and escapes what a strict reader refuses", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  fc.assert(
    fc.property(awkward, (name) => {
      let text: string | undefined;
      try {
        text = strict.decode(name);
      } catch {}
      expect(isUtf8(decodeName(name))).toBe(text !== undefined);
      if (text !== undefined) expect(decodeName(name)).toBe(text);
    }),
    { numRuns: 2000 },
  );
});

it("never makes two names one", () => {
  fc.assert(
    fc.property(awkward, awkward, (a, b) => {
      expect(decodeName(a) === decodeName(b)).toBe(String(a) === String(b));
    }),
  );
});

it("keeps each byte that is not UTF-8 as U+DC00 and its value", () => {
  expect(decodeName(bytes(0x63, 0xe9, 0x2f, 0xff))).toBe("c\udce9/\udcff");
});

it("takes encoded surrogates, long forms and what ends too early for bytes", () => {
  expect(decodeName(bytes(0xed, 0xb3, 0xa9))).toBe("\udced\udcb3\udca9");
  expect(decodeName(bytes(0xc0, 0xaf))).toBe("\udcc0\udcaf");
  expect(decodeName(bytes(0xf0, 0x9f, 0x98))).toBe("\udcf0\udc9f\udc98");
});

it("leaves a replacement character and a byte order mark that stand in a name", () => {
  for (const name of ["a\ufffdb", "\ufeffa"]) expect(decodeName(utf8(name))).toBe(name);
  expect(encodeName(decodeName(bytes(0xef, 0xbf, 0xbd, 0xe9)))).toEqual(bytes(0xef, 0xbf, 0xbd, 0xe9));
});

it("makes of no text a byte below 0x80, which could be a slash or a NUL", () => {
  expect(encodeName("\udc2f\udc00\ud800")).toEqual(utf8("\ufffd\ufffd\ufffd"));
});

it("does not take the second half of a pair for a byte", () => {
  expect(encodeName("\u{1f4e9}\udce9")).toEqual(Uint8Array.from([...utf8("\u{1f4e9}"), 0xe9]));
});
