import { SealiftError } from "../error.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { isRepositoryName, isTag } from "../oci/reference.ts";

/** How much of a client's wrong text goes back in the message. */
const SHOWN = 160;

/** Throws NAME_INVALID unless the text is a repository's name. */
export function parseRepository(text: string): string {
  if (isRepositoryName(text)) return text;
  throw new SealiftError("NAME_INVALID", `Cannot use "${text.slice(0, SHOWN)}": it is not a repository name`);
}

/** Throws TAG_INVALID unless the text is a tag. */
export function parseTag(text: string): string {
  if (isTag(text)) return text;
  throw new SealiftError("TAG_INVALID", `Cannot use "${text.slice(0, SHOWN)}": it is not a tag`);
}

/** What stands after `/manifests/`: a tag or a digest. */
export type ManifestReference =
  | { readonly tag: string; readonly digest?: never }
  | { readonly digest: Digest; readonly tag?: never };

/** A tag has no colon and a digest has one. Throws TAG_INVALID or DIGEST_INVALID. */
export function parseManifestReference(text: string): ManifestReference {
  return text.includes(":") ? { digest: parseDigest(text) } : { tag: parseTag(text) };
}
