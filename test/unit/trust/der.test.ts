import { describe, expect, test } from "vitest";
import { encodeDer, parseDer, parseSequence } from "../../../src/trust/der.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

describe("DER", () => {
  test.each([0, 1, 127, 128, 255, 256, 65_535])("reads back a value of %d bytes", (length) => {
    const content = new Uint8Array(length).fill(7);
    expect(parseDer(encodeDer(4, content), "key")).toEqual([{ tag: 4, content }]);
  });

  test("reads values that follow one another", () => {
    expect(parseDer(bytes(2, 1, 5, 4, 0), "key").map(({ tag }) => tag)).toEqual([2, 4]);
  });

  test.each([
    ["an indefinite length", bytes(0x30, 0x80, 0, 0)],
    ["a length in more bytes than it needs", bytes(4, 0x81, 1, 9)],
    ["a length with a leading zero", bytes(4, 0x82, 0, 200, ...new Array(200).fill(0))],
    ["a length of four bytes", bytes(4, 0x84, 0xff, 0xff, 0xff, 0xff)],
    ["a value that ends early", bytes(4, 3, 1, 2)],
    ["a tag without length", bytes(4)],
    ["a long length cut off", bytes(4, 0x82, 1)],
  ])("refuses %s", (_, der) => {
    expect(() => parseDer(der, "key")).toThrow(expect.objectContaining({ code: "KEY_INVALID" }));
  });

  test("refuses a sequence with data after it, and what is no sequence", () => {
    expect(() => parseSequence(bytes(0x30, 0, 5, 0), "key")).toThrow(/data follows/);
    expect(() => parseSequence(bytes(5, 0), "key")).toThrow(/not an ASN.1 sequence/);
    expect(() => parseSequence(bytes(), "key")).toThrow(/not an ASN.1 sequence/);
  });
});
