import { describe, expect, it } from "vitest";
import { parseChallenges } from "../../../src/registry/challenge.ts";

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe("WWW-Authenticate", () => {
  it("is read with its parameters in any order", () => {
    expect(read('Bearer scope="repository:a:pull",service="s",realm="https://auth/token"')).toEqual([
      ["bearer", { realm: "https://auth/token", service: "s", scope: "repository:a:pull" }],
    ]);
  });

  it("keeps commas, equal signs and escaped quotes inside quoted strings", () => {
    expect(
      read('Bearer realm="https://a/t?x=1,2",scope="repository:a:pull,push",error="say \\"no\\""'),
    ).toEqual([
      ["bearer", { realm: "https://a/t?x=1,2", scope: "repository:a:pull,push", error: 'say "no"' }],
    ]);
  });

  it("may hold several challenges", () => {
    expect(read('Negotiate, Basic realm="one two", Bearer realm="https://auth", service=reg')).toEqual([
      ["negotiate", {}],
      ["basic", { realm: "one two" }],
      ["bearer", { realm: "https://auth", service: "reg" }],
    ]);
  });

  it("may hold a token68 between challenges", () => {
    expect(read('NTLM dGVzdA==, Basic realm="x"')).toEqual([
      ["ntlm", {}],
      ["basic", { realm: "x" }],
    ]);
  });

  it("is read whatever its case and spacing", () => {
    expect(read('  BEARER   Realm = "https://auth" ,  SERVICE="s"  ')).toEqual([
      ["bearer", { realm: "https://auth", service: "s" }],
    ]);
  });

  it("may leave URLs unquoted", () => {
    expect(read("Bearer realm=https://auth/token,service=s")).toEqual([
      ["bearer", { realm: "https://auth/token", service: "s" }],
    ]);
  });

  it("that is nonsense gives nothing, and ends", () => {
    expect(read("")).toEqual([]);
    expect(read('"""((((,,,,')).toEqual([]);
    expect(read('realm="orphan"')).toEqual([]);
    expect(read('Bearer realm="never closed')[0]).toEqual(["bearer", { realm: "" }]);
  });

  it("of hostile length is read in linear time", () => {
    // Of the processor's time: others may have it meanwhile.
    const before = process.cpuUsage();
    parseChallenges(`Basic ${"a".repeat(200_000)}`);
    parseChallenges(`Basic ${'x="'.repeat(70_000)}`);
    parseChallenges("a ".repeat(100_000));
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });
});
