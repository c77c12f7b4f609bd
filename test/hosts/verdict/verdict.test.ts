/** One verdict wherever it is given: every word of it, from every host, on every kind of file. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Verdict } from "../../../src/trust/verdict.ts";
import { type Samples, samples } from "../../host/web/files.ts";
import { CASES, type Case } from "./cases.ts";
import { command, coreInWorkerd, type Judge, servedVerifier, verifierFile } from "./judges.ts";

const cases = Object.entries(CASES);

let files: Samples;
const paths = new Map<string, string>();
const said = new Map<string, Verdict>();

beforeAll(async () => {
  files = await samples();
  for (const [name, { file }] of cases) {
    paths.set(name, files.write(`${name.replace(/\W/g, "-")}.file`, await file(files)));
  }
});
afterAll(() => files?.dispose());

const judged = (judge: Judge, name: string, { keys }: Case) =>
  judge.judge(
    paths.get(name) as string,
    keys.map((key) => files.path(`${key}.pub`)),
  );

describe("the command", () => {
  let judge: Judge;
  beforeAll(async () => {
    judge = await command();
  });
  afterAll(() => judge?.close());

  test.each(cases)("says of %s what it is", async (name, expected) => {
    const verdict = await judged(judge, name, expected);
    said.set(name, verdict);
    const { outcome, signature } = expected;
    expect(verdict).toMatchObject({ outcome, ...(signature && { signature }) });
  });
});

describe.each([
  ["the core in workerd", coreInWorkerd],
  ["the page in Chromium", servedVerifier],
  ["verify.html in Chromium", verifierFile],
])("%s", (_, start) => {
  let judge: Judge;
  beforeAll(async () => {
    judge = await start();
  }, 400_000);
  afterAll(() => judge?.close());

  test.each(cases)("says of %s what the command says", async (name, expected) => {
    expect(await judged(judge, name, expected)).toEqual(said.get(name));
  });
});
