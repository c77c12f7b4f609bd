import { streamOf } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { OpenBlob } from "../image/stored-blob.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { isDocument } from "../oci/graph.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isManifestType, MEDIA_TYPE } from "../oci/media-type.ts";
import type { Repository } from "../registry/repository.ts";
import { type Bundle, openBundle } from "./bundle.ts";
import { SEALED_ANNOTATION } from "./sign.ts";

/**
 * The bundle a tag or digest names, with the referrers that were sealed into
 * it; others that the registry has gathered since stay there, so that what is
 * pulled is what was pushed. Throws BUNDLE_INVALID.
 */
export async function pullBundle(repository: Repository, target: string, host: Host): Promise<Bundle> {
  const open: OpenBlob = async (descriptor) => {
    if (!isDocument(descriptor)) return repository.openBlob(descriptor);
    return streamOf((await repository.manifest(descriptor.digest)).bytes);
  };
  const root = await repository.resolve(target);
  if (root.mediaType !== MEDIA_TYPE.ociIndex) {
    throw new SealiftError("BUNDLE_INVALID", `Cannot pull ${target} as a bundle: it is a ${root.mediaType}`);
  }
  const referrers: Descriptor[] = [];
  for (const referrer of await repository.referrers(root.digest)) {
    if (await isSealed(referrer, repository)) referrers.push(referrer);
  }
  return openBundle(root, referrers, open, host);
}

/** By the manifest's own word: the list's annotations are the registry's copy, and fallback tags may lack them. */
async function isSealed(referrer: Descriptor, repository: Repository): Promise<boolean> {
  if (!isManifestType(referrer.mediaType)) return false;
  const { bytes } = await repository.manifest(referrer.digest);
  return parseManifest(bytes, referrer.digest).annotations?.[SEALED_ANNOTATION] === "true";
}
