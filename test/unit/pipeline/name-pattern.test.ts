import { describe, expect, it } from "vitest";
import { isPattern, matchesPattern } from "../../../src/pipeline/name-pattern.ts";

describe("a pattern of names", () => {
  it.each([
    ["nova-*", "nova-api", true],
    ["nova-*", "nova-", true],
    ["nova-*", "neutron-api", false],
    ["*", "", true],
    ["*", "team/app:1.0", true],
    ["*/app", "a/b/app", true],
    ["*/app", "app", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["*a*b*", "xxaxxbxx", true],
    ["*a*b*", "xxbxxaxx", false],
    ["app", "app", true],
    ["app", "apps", false],
    ["a.c", "abc", false],
    ["*.tar", "x.tar.tar", true],
  ])("%s and the name %j: %s", (pattern, name, expected) => {
    expect(matchesPattern(name, pattern)).toBe(expected);
  });

  it("is judged in a time that does not grow with the number of stars", () => {
    expect(matchesPattern("a".repeat(50_000), `${"*a".repeat(50)}b`)).toBe(false);
  });

  it.each([
    ["*", true],
    ["a?", true],
    ["team/app", false],
  ])("%s: %s", (text, expected) => {
    expect(isPattern(text)).toBe(expected);
  });
});
