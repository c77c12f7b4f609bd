import { contentOf } from "../bytes/content.ts";
import type { Host } from "../host.ts";
import { type Descriptor, EMPTY_JSON, EMPTY_JSON_BYTES } from "../oci/descriptor.ts";
import { encodeJson } from "../oci/json.ts";
import { parseManifest } from "../oci/manifest.ts";
import type { KeyPair } from "../trust/private-key.ts";
import { signSubject } from "../trust/sign-subject.ts";
import { signatureReferrer } from "../trust/signature-referrer.ts";
import { type Bundle, sealReferrer } from "./bundle.ts";

/** Set to "true" on a referrer that belongs to the bundle's file and travels with it. */
export const SEALED_ANNOTATION = "dev.sealift.bundle.sealed";

/**
 * The bundle with a signature of its root sealed in. The root, and so the
 * bundle's identity, stays. The same key signs to the same bytes, so signing
 * twice changes nothing.
 */
export async function signBundle(bundle: Bundle, key: KeyPair, host: Host): Promise<Bundle> {
  const signature = signSubject(bundle.plan.root, key);
  const referrer = signatureReferrer(bundle.plan.root, signature, host.kernels);
  const manifest = contentOf(host.kernels, sealed(referrer.manifest));
  const descriptor: Descriptor = {
    mediaType: referrer.descriptor.mediaType,
    digest: manifest.digest,
    size: manifest.size,
    ...(referrer.descriptor.artifactType && { artifactType: referrer.descriptor.artifactType }),
  };
  const blobs = new Map<string, Uint8Array>([
    [manifest.digest, sealed(referrer.manifest)],
    [referrer.layer.digest, referrer.bundle],
    [EMPTY_JSON.digest, EMPTY_JSON_BYTES],
  ]);
  return sealReferrer(bundle, descriptor, blobs, host);
}

function sealed(manifest: Uint8Array): Uint8Array {
  const parsed = parseManifest(manifest, "signature manifest");
  return encodeJson({ ...parsed, annotations: { ...parsed.annotations, [SEALED_ANNOTATION]: "true" } });
}
