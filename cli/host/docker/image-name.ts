import { SealiftError } from "../../../src/error.ts";
import { formatReference, parseReference } from "../../../src/oci/reference.ts";
import type { Uri } from "../../../src/pipeline/uri.ts";

/** An image as a URI asks a daemon for it. */
export interface AskedImage {
  /** As the daemon is asked: with a tag, for a name without one is all tags to `docker save`. */
  readonly asked: string;
  /** What to call it; undefined for one that was asked for by its ID. */
  readonly name?: string;
}

/** An image's ID, whole or its beginning; the daemon finds a name of this look as well. */
const IMAGE_ID = /^(sha256:[0-9a-f]{64}|[0-9a-f]{12,64})$/;

/** `NAME[:TAG|@DIGEST]` or an image's ID. Throws REFERENCE_INVALID, URI_INVALID. */
export function askedImage(uri: Uri): AskedImage {
  const text = imageText(uri);
  if (IMAGE_ID.test(text)) return { asked: text };
  const { tag, digest } = parseReference(text);
  if (tag || digest) return { asked: text, name: tag ? text : `${text.split("@")[0]}:latest` };
  return { asked: `${text}:latest`, name: `${text}:latest` };
}

/**
 * The name to give an image, in full: podman would put a short one under
 * `localhost`, and docker means Docker Hub's. Throws REFERENCE_INVALID, URI_INVALID.
 */
export function givenName(uri: Uri): string {
  const reference = parseReference(imageText(uri));
  if (reference.digest) {
    throw new SealiftError(
      "REFERENCE_INVALID",
      `Cannot load an image as ${uri.path}: docker gives names with tags, not digests`,
    );
  }
  return formatReference({ ...reference, tag: reference.tag ?? "latest" });
}

function imageText({ scheme, path, fragment, username }: Uri): string {
  if (username !== undefined) {
    throw new SealiftError("URI_INVALID", `Cannot use credentials with ${scheme}://: the daemon takes none`);
  }
  if (fragment !== undefined) {
    throw new SealiftError(
      "URI_INVALID",
      `Cannot use #${fragment} with ${scheme}://: the name says which image`,
    );
  }
  return path;
}
