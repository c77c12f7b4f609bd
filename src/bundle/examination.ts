import type { Descriptor } from "../oci/descriptor.ts";
import type { PublicKey } from "../trust/public-key.ts";
import type { Verdict } from "../trust/verdict.ts";
import { VerdictBuilder } from "../trust/verdict-builder.ts";
import { checkSignatures, type FoundSignature, type SignatureState } from "../trust/verify-signature.ts";
import type { RecordedChecks } from "./recorded-checks.ts";

/** A file whose content was read and checked once; who signed it can be asked again and again. */
export interface Examination {
  /** The verdict for these trusted keys. With any given, only a valid signature of one of them verifies. */
  verdict(keys: readonly PublicKey[]): Verdict;
}

/** What is known of who vouches for the content. */
export type SignatureFindings =
  | { readonly subject: Pick<Descriptor, "digest">; readonly signatures: readonly FoundSignature[] }
  /** No question of keys: there are no signatures, or none that can be checked. */
  | { readonly state: Extract<SignatureState, "unsigned" | "not-checked"> };

/** An examination that is over; without findings the content was too broken to come to the signatures. */
export function examined(checks: RecordedChecks, findings?: SignatureFindings): Examination {
  return {
    verdict(keys) {
      const verdict = new VerdictBuilder({ signatureRequired: keys.length > 0 });
      checks.writeTo(verdict);
      if (findings) {
        verdict.signatures(
          "state" in findings
            ? { state: findings.state, signatures: [] }
            : checkSignatures({ ...findings, keys }),
        );
      }
      return verdict.finish();
    },
  };
}
