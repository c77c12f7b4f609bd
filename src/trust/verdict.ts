/** The verdict: every check with its outcome, as data. The CLI, the mirror and the page print the same JSON. */
import type { Digest } from "../oci/digest.ts";
import { printable } from "./printable.ts";
import { type Authentication, outcomeOf, sentenceOf, type VerdictOutcome } from "./verdict-outcome.ts";
import type { SignatureReport, SignatureState, SignaturesReport } from "./verify-signature.ts";

/** What a check is about. Closed: a reader may switch over it. */
export type CheckId =
  /** The file is a tar of allowed entries, each name once, in the expected order. */
  | "layout"
  /** A tar header is the one the format prescribes. */
  | "header"
  /** Padding and end blocks are zero, and nothing follows them. */
  | "padding"
  /** `oci-layout` has its fixed content. */
  | "oci-layout"
  /** `index.json` is what follows from the root. */
  | "index"
  /** `manifest.json`, for docker load, is what follows from the root. */
  | "docker-manifest"
  /** The root index is there and has its digest. A verdict needs this one passed. */
  | "root"
  /** Everything the root names can be reached and is there; nothing else is. */
  | "graph"
  | "manifest"
  | "blob"
  | "referrer"
  | "signature"
  /** A rule of the receiver's, beyond digests and keys. */
  | "policy"
  /** Deep: an uncompressed layer has the diff_id its config states. */
  | "diff-id"
  /** Deep: an archive inside can be read to its end and stays in its folder. */
  | "archive";

export interface Check {
  readonly id: CheckId;
  /** What was checked: a digest, or a name in the file. */
  readonly object: string;
  /** "skipped": not done, or done and not counted; the reason says which. */
  readonly outcome: "pass" | "fail" | "skipped";
  readonly reason?: string;
}

export interface VerdictSubject {
  /** Of the root; absent where the file was too broken to find one. */
  readonly digest?: Digest;
  readonly name?: string;
}

export interface Verdict {
  readonly schema: 1;
  readonly outcome: VerdictOutcome;
  /** The outcome for a person, in one sentence. */
  readonly sentence: string;
  readonly subject: VerdictSubject;
  readonly signature: SignatureState;
  /** The hint of the key whose signature holds. */
  readonly signedBy?: string;
  readonly checks: readonly Check[];
  /** What is in the file and stands under no digest the root leads to. */
  readonly notCovered: readonly string[];
}

/** Collects checks; no failure ends the collecting. */
export class VerdictBuilder {
  readonly #checks: Check[] = [];
  readonly #notCovered: string[] = [];
  #subject: VerdictSubject = {};
  #authentication: Authentication = { state: "not-checked", required: false };
  #signedBy: string | undefined;

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
    this.#authentication = report;
    this.#signedBy = report.signatures.find(({ outcome }) => outcome === "valid")?.keyHint;
    for (const signature of report.signatures) this.#signature(signature, report);
    if (report.state === "unsigned") this.#unsigned(report.required);
  }

  /** The verdict on what was collected; the builder must not be used again. */
  finish(): Verdict {
    // Fail closed: without this, a reader that gave up before the root would have found nothing wrong.
    if (!this.#checks.some(({ id, outcome }) => id === "root" && outcome !== "skipped")) {
      this.fail("root", this.#subject.digest ?? "root index", "it was not reached");
    }
    const outcome = outcomeOf(this.#checks, this.#authentication);
    return {
      schema: 1,
      outcome,
      sentence: sentenceOf(outcome, this.#subject, this.#authentication, this.#checks),
      subject: this.#subject,
      signature: this.#authentication.state,
      ...(this.#signedBy !== undefined && { signedBy: this.#signedBy }),
      checks: this.#checks,
      notCovered: this.#notCovered,
    };
  }

  #signature(
    { descriptor, outcome, reason = "" }: SignatureReport,
    { state, required }: SignaturesReport,
  ): void {
    if (outcome === "valid") this.pass("signature", descriptor.digest);
    else if (outcome === "attestation" || !required) this.skip("signature", descriptor.digest, reason);
    else if (state === "valid")
      this.skip("signature", descriptor.digest, `not counted beside the valid one: ${reason}`);
    else this.fail("signature", descriptor.digest, reason);
  }

  #unsigned(required: boolean): void {
    const object = this.#subject.digest ?? "root index";
    if (required) this.fail("signature", object, "it is not signed");
    else this.skip("signature", object, "it is not signed");
  }
}
