import type { Digest } from "../src/oci/digest.ts";

/** Content never changes under its digest, so the digest is a strong validator. */
export function etagOf(digest: Digest): string {
  return `"${digest}"`;
}

/** Whether an If-None-Match header names the content (RFC 9110, 13.1.2: weak comparison). */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((part) => {
    const candidate = part.trim();
    return candidate === "*" || candidate.replace(/^W\//, "") === etag;
  });
}
