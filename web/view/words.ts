import type { ArchiveKind } from "../../src/bundle/archive-file.ts";
import type { CheckId } from "../../src/trust/verdict.ts";

/** What a check is about, for a person: of one, and of all that passed. */
export const CHECK_NAME: Readonly<Record<CheckId, readonly [one: string, all: string]>> = {
  layout: ["Order of the file", "Order of the file"],
  header: ["Tar header", "Tar headers"],
  padding: ["Padding", "Padding"],
  "oci-layout": ["Layout version", "Layout version"],
  index: ["Table of contents", "Table of contents"],
  "docker-manifest": ["Docker’s manifest.json", "Docker’s manifest.json"],
  root: ["Root", "Root"],
  graph: ["What is named", "Everything named is there"],
  manifest: ["Manifest", "Manifests"],
  blob: ["Content", "Contents"],
  referrer: ["Attached document", "Attached documents"],
  signature: ["Signature", "Signatures"],
  policy: ["Policy", "Policy"],
  "diff-id": ["Uncompressed layer", "Uncompressed layers"],
  archive: ["Archive inside", "Archives inside"],
};

export const KIND_NAME: Readonly<Record<ArchiveKind, string>> = {
  bundle: "Bundle",
  "oci-archive": "OCI archive",
  "docker-save": "docker save archive",
};
