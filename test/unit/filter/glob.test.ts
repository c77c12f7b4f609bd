import { describe, expect, it } from "vitest";
import { globMatch } from "../../../src/filter/glob.ts";

describe("names that are not UTF-8", () => {
  it("are matched by their bytes in octal, alone or among wildcards", () => {
    for (const pattern of [
      "caf\\351",
      "c*\\351",
      "**/caf\\351",
      "ca[f]\\351",
      "{x,caf}\\351",
      "caf[\\350\\351]",
      "c-f\\351",
      "c.f\\351,",
    ]) {
      const name = pattern.startsWith("c-")
        ? "c-f\udce9"
        : pattern.startsWith("c.")
          ? "c.f\udce9,"
          : "caf\udce9";
      expect(globMatch(pattern)(name), pattern).toBe(true);
      expect(globMatch(pattern)("caf\udcea"), pattern).toBe(false);
    }
  });

  it("are one character each to ?", () => {
    expect(globMatch("caf?")("caf\udce9")).toBe(true);
  });

  it("are not half of another character", () => {
    expect(globMatch("*\\351")("\u{1f4e9}")).toBe(false);
    expect(globMatch("*\\351")("\u{1f4e9}\udce9")).toBe(true);
  });

  it("may be written as bytes where they are UTF-8 after all", () => {
    expect(globMatch("caf\\303\\251")("café")).toBe(true);
  });

  it("take nothing from a backslash before a backslash", () => {
    expect(globMatch("a\\\\351")("a\\351")).toBe(true);
  });
});
