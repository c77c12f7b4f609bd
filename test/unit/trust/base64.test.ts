import { describe, expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "../../../src/trust/base64.ts";

const decode = (text: string) => decodeBase64(text, "text", "SIGNATURE_INVALID");

describe("base64", () => {
  test("is what node writes, for every length around a group and for long input", () => {
    for (const length of [0, 1, 2, 3, 4, 8191, 8192, 8193, 100_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
      expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
      expect(decode(encodeBase64(bytes))).toEqual(bytes);
    }
  });

  test("is read in the URL-safe alphabet too", () => {
    expect(decode("-_-_")).toEqual(decode("+/+/"));
  });

  test.each([
    ["stray bits before the padding", "QQ==".replace("Q=", "R="), /stray bits/],
    ["missing padding", "QQ", /not padded/],
    ["white space", "QUFB\n", /not padded/],
    ["a character of no alphabet", "QU*B", /not padded/],
    ["mixed alphabets", "+_AA", /mixes/],
    ["padding alone", "====", /not padded/],
  ])("refuses %s, so that bytes have one spelling", (_, text, reason) => {
    expect(() => decode(text)).toThrow(reason);
  });
});
