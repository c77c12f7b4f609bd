import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type PoolUnderTest, poolChecks } from "./pool/checks.ts";

/** The suite that every worker pool of this host passes. */
export function poolContract(name: string, load: () => Promise<Omit<PoolUnderTest, "unpack">>): void {
  const unpack = promisify(gunzip) as PoolUnderTest["unpack"];
  describe(`${name} keeps the pool's contract`, () => {
    for (const [claim, check] of poolChecks(async () => ({ ...(await load()), unpack })))
      test(claim, () => expect(check()).resolves.toBeUndefined());
  });
}
