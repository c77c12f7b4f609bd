/** How checks become one outcome and one sentence. */
import type { Check, VerdictOutcome, VerdictSubject } from "./verdict.ts";
import type { SignatureState } from "./verify-signature.ts";

/** What is known of the signatures, and whether a valid one is demanded. */
export interface Authentication {
  readonly state: SignatureState;
  readonly required: boolean;
}

/** The outcome; content that does not hold weighs more than a missing signature, and that more than a rule. */
export function outcomeOf(checks: readonly Check[], { state, required }: Authentication): VerdictOutcome {
  const failed = new Set(checks.filter(({ outcome }) => outcome === "fail").map(({ id }) => id));
  const contentHolds = [...failed].every((id) => id === "signature" || id === "policy");
  if (!contentHolds || state === "bad-signature") return "failed";
  if (failed.has("signature") || (required && state !== "valid")) return "untrusted";
  if (failed.has("policy")) return "refused";
  return state === "valid" ? "verified" : "intact";
}

/** The outcome for a person; claims no more than was checked. */
export function sentenceOf(
  outcome: VerdictOutcome,
  subject: VerdictSubject,
  { state }: Authentication,
  checks: readonly Check[],
): string {
  const name = subject.name ?? subject.digest ?? "the bundle";
  switch (outcome) {
    case "verified":
      return `Verified: ${name} is intact and signed by a given key.`;
    case "intact":
      return state === "unsigned"
        ? `Intact but unsigned: every part of ${name} has its digest, and nobody vouches for it.`
        : `Intact, signature not checked: every part of ${name} has its digest, but no key was given to check who signed it.`;
    case "untrusted":
      if (state === "unsigned") return `Not trusted: ${name} is intact but not signed.`;
      if (state === "not-checked")
        return `Not trusted: ${name} is intact, but its signature was not checked.`;
      return `Not trusted: ${name} is intact but signed by none of the given keys.`;
    case "refused":
      return `Refused: ${name} is intact, but ${firstFailure(checks, "policy")}.`;
    case "failed":
      return `Not verified: ${firstFailure(checks)}.`;
  }
}

function firstFailure(checks: readonly Check[], id?: Check["id"]): string {
  const failures = checks.filter(
    (check) => check.outcome === "fail" && (id === undefined || check.id === id),
  );
  const [first] = failures;
  if (!first) return "a check failed";
  const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : "";
  return `${first.id} ${first.object}: ${first.reason}${more}`;
}
