/** What every failure has in common: a code, words, and nothing half-done. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { ErrorCode } from "../../../src/error.ts";
import type { Options, Result, Workspace } from "./cli.ts";

export interface Expected extends Options {
  readonly code: ErrorCode;
  readonly exit: number;
  /** Part of the message. */
  readonly says?: string | RegExp;
}

/** Runs a command that must fail as expected, and leave every file and folder as it was. Gives its standard error. */
export async function expectFailure(
  work: Workspace,
  args: readonly string[],
  { code, exit, says = "", ...options }: Expected,
): Promise<string> {
  const before = snapshot(work.path);
  const result = await work.run(args, options);
  expectError(result, code, exit);
  expect(result.stderr).toMatch(says);
  expect(snapshot(work.path)).toEqual(before);
  expect(work.temporaryFiles()).toEqual([]);
  return result.stderr;
}

/** `error[CODE]: Cannot …`, perhaps a hint, and no stack trace. */
export function expectError({ stdout, stderr, code: exit }: Result, code: ErrorCode, expected: number): void {
  expect(stderr).toMatch(new RegExp(`^error\\[${code}\\]: Cannot [^\\n]+\\n(hint: [^\\n]+\\n)?$`));
  // No reason says again what the message has said already.
  expect(stderr).not.toMatch(/(Cannot \w+ [^\n:]*): (?:.*: )?\1:/);
  expect({ exit, stdout }).toEqual({ exit: expected, stdout: "" });
}

/** Every name below a folder, with what a file holds. */
export function snapshot(folder: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true }).map(String)) {
    const path = join(folder, name);
    found[name] = lstatSync(path).isFile()
      ? createHash("sha256").update(readFileSync(path)).digest("hex")
      : "no file";
  }
  return found;
}
