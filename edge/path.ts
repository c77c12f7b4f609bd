/** Paths of the distribution API: repository names have slashes, so the router gets them as one part. */
import type { Digest } from "../src/oci/digest.ts";

const REPOSITORY_PATH =
  /^\/v2\/(.+)\/(manifests\/[^/]+|blobs\/uploads(?:\/[^/]+)?|blobs\/[^/]+|tags\/list|referrers\/[^/]+)$/;

/** The path the router sees: `/v2/a/b/tags/list` becomes `/v2/a%2Fb/tags/list`; a last slash goes. */
export function routedPath(request: Request): string {
  const path = new URL(request.url).pathname.replace(/(?<=.)\/$/, "");
  return path.replace(
    REPOSITORY_PATH,
    (_, name: string, rest: string) => `/v2/${name.replaceAll("/", "%2F")}/${rest}`,
  );
}

// Locations are relative: the Host header is the client's word, and a proxy may stand before us.

export function blobPath(repository: string, digest: Digest): string {
  return `/v2/${repository}/blobs/${digest}`;
}

export function uploadPath(repository: string, id: string): string {
  return `/v2/${repository}/blobs/uploads/${encodeURIComponent(id)}`;
}

export function manifestPath(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`;
}
