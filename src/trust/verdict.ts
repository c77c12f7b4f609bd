/** The verdict: every check with its outcome, as data. The CLI, the mirror and the page print the same JSON. */
import type { Digest } from "../oci/digest.ts";
import type { SignatureState } from "./verify-signature.ts";

export type VerdictOutcome =
  /** Everything holds, and a given key signed it. */
  | "verified"
  /** Everything holds; who made it was not asked. */
  | "intact"
  /** Everything holds, but no given key signed it. */
  | "untrusted"
  /** Something does not hold. */
  | "failed"
  /** Everything holds, but a rule of the receiver's forbids it. */
  | "refused";

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
  /** `manifest.json`, for docker load, is what follows from the root; in an OCI archive, names what `index.json` does. */
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

/** 0 where nothing that was asked for failed, 3 not verified, 4 refused by policy. */
export function verdictExitCode(verdict: Pick<Verdict, "outcome">): 0 | 3 | 4 {
  if (verdict.outcome === "verified" || verdict.outcome === "intact") return 0;
  return verdict.outcome === "refused" ? 4 : 3;
}
