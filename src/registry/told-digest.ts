import type { FetchResponse } from "../host.ts";
import { type Digest, digestAlgorithm, isDigest } from "../oci/digest.ts";

/**
 * What an answer's Docker-Content-Digest says, if it is another than expected.
 * Undefined where it says nothing, or nothing to compare: distribution answers
 * for a sha512 with the sha256.
 */
export function otherDigest({ headers }: FetchResponse, expected: Digest): Digest | undefined {
  const told = headers.get("docker-content-digest") ?? "";
  if (!isDigest(told) || told === expected) return undefined;
  return digestAlgorithm(told) === digestAlgorithm(expected) ? told : undefined;
}
