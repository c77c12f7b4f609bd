import type { ArchiveKind } from "../../src/bundle/archive-file.ts";
import type { CheckId, VerdictOutcome } from "../../src/trust/verdict.ts";

/** The verdict in a word; colour and icon say the same. */
export const OUTCOME_WORD: Readonly<Record<VerdictOutcome, string>> = {
  verified: "Verified",
  intact: "Intact",
  untrusted: "Not trusted",
  failed: "Not verified",
  refused: "Refused",
};

/** What a check is about, for a person. */
export const CHECK_NAME: Readonly<Record<CheckId, string>> = {
  layout: "Order of the file",
  header: "Tar headers",
  padding: "Padding",
  "oci-layout": "Layout version",
  index: "Table of contents",
  "docker-manifest": "Docker’s manifest.json",
  root: "Root",
  graph: "Everything named is there",
  manifest: "Manifests",
  blob: "Contents",
  referrer: "Attached documents",
  signature: "Signature",
  policy: "Policy",
  "diff-id": "Uncompressed layers",
  archive: "Archives inside",
};

export const KIND_NAME: Readonly<Record<ArchiveKind, string>> = {
  bundle: "Bundle",
  "oci-archive": "OCI archive",
  "docker-save": "docker save archive",
};
