import type { CheckId, VerdictSubject } from "../trust/verdict.ts";
import type { VerdictBuilder } from "../trust/verdict-builder.ts";

/** Where what was found about a file's content is written down: a verdict, or a record of it. */
export type Checks = Pick<VerdictBuilder, "subject" | "pass" | "fail" | "skip" | "notCovered">;

/**
 * What was found about a file's content, whoever signed it: reading gigabytes
 * is done once, and each set of keys gets its verdict from the record.
 */
export class RecordedChecks implements Checks {
  readonly #found: ((verdict: Checks) => void)[] = [];

  subject(subject: VerdictSubject): void {
    this.#found.push((verdict) => verdict.subject(subject));
  }

  pass(id: CheckId, object: string): void {
    this.#found.push((verdict) => verdict.pass(id, object));
  }

  fail(id: CheckId, object: string, reason: string): void {
    this.#found.push((verdict) => verdict.fail(id, object, reason));
  }

  skip(id: CheckId, object: string, reason: string): void {
    this.#found.push((verdict) => verdict.skip(id, object, reason));
  }

  notCovered(what: string): void {
    this.#found.push((verdict) => verdict.notCovered(what));
  }

  /** Writes everything into a verdict, in the order it was found. */
  writeTo(verdict: Checks): void {
    for (const write of this.#found) write(verdict);
  }
}
