import { printable } from "./printable.ts";
import type { Check, CheckId, Verdict, VerdictSubject } from "./verdict.ts";
import { outcomeOf, sentenceOf } from "./verdict-outcome.ts";
import type { SignatureReport, SignatureState, SignaturesReport } from "./verify-signature.ts";

/** Collects checks; no failure ends the collecting. */
export class VerdictBuilder {
  readonly #checks: Check[] = [];
  readonly #notCovered: string[] = [];
  #subject: VerdictSubject = {};
  #state: SignatureState = "not-checked";
  #signedBy: string | undefined;
  readonly #required: boolean;

  /** `signatureRequired`: keys were given, so only a valid signature of one of them will do. */
  constructor({ signatureRequired }: { readonly signatureRequired: boolean }) {
    this.#required = signatureRequired;
  }

  subject(subject: VerdictSubject): void {
    this.#subject = subject.name === undefined ? subject : { ...subject, name: printable(subject.name) };
  }

  pass(id: CheckId, object: string): void {
    this.#checks.push({ id, object: printable(object), outcome: "pass" });
  }

  fail(id: CheckId, object: string, reason: string): void {
    this.#checks.push({ id, object: printable(object), outcome: "fail", reason: printable(reason) });
  }

  skip(id: CheckId, object: string, reason: string): void {
    this.#checks.push({ id, object: printable(object), outcome: "skipped", reason: printable(reason) });
  }

  notCovered(what: string): void {
    this.#notCovered.push(printable(what));
  }

  /** Takes over what became of the subject's signatures, each as a check of its own. */
  signatures(report: SignaturesReport): void {
    this.#state = report.state;
    this.#signedBy = report.signatures.find(({ outcome }) => outcome === "valid")?.keyHint;
    for (const signature of report.signatures) this.#signature(signature);
    if (report.state === "unsigned") this.#unsigned();
  }

  /** The verdict on what was collected; the builder must not be used again. */
  finish(): Verdict {
    // Fail closed: without this, a reader that gave up before the root would have found nothing wrong.
    if (!this.#checks.some(({ id, outcome }) => id === "root" && outcome !== "skipped")) {
      this.fail("root", this.#subject.digest ?? "root index", "it was not reached");
    }
    const authentication = { state: this.#state, required: this.#required };
    const outcome = outcomeOf(this.#checks, authentication);
    return {
      schema: 1,
      outcome,
      sentence: sentenceOf(outcome, this.#subject, authentication, this.#checks),
      subject: this.#subject,
      signature: this.#state,
      ...(this.#signedBy !== undefined && { signedBy: this.#signedBy }),
      checks: this.#checks,
      notCovered: this.#notCovered,
    };
  }

  #signature({ descriptor, outcome, reason = "" }: SignatureReport): void {
    if (outcome === "valid") this.pass("signature", descriptor.digest);
    else if (outcome === "attestation" || !this.#required) this.skip("signature", descriptor.digest, reason);
    else if (this.#state === "valid") this.skip("signature", descriptor.digest, `not counted: ${reason}`);
    else this.fail("signature", descriptor.digest, reason);
  }

  #unsigned(): void {
    const object = this.#subject.digest ?? "root index";
    if (this.#required) this.fail("signature", object, "it is not signed");
    else this.skip("signature", object, "it is not signed");
  }
}
