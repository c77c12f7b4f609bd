/** A sigstore bundle as an OCI referrer: how cosign 3 attaches a signature to what it signs. */
import { digestOf } from "../bytes/content.ts";
import { counted, SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { ANNOTATION, type Descriptor, EMPTY_JSON } from "../oci/descriptor.ts";
import { encodeJson } from "../oci/json.ts";
import type { Manifest } from "../oci/manifest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import {
  MAX_SIGSTORE_BUNDLE_SIZE,
  parseSigstoreBundle,
  SIGSTORE_BUNDLE_TYPE,
  SIGSTORE_BUNDLE_TYPES,
} from "./sigstore-bundle.ts";
import { parseStatement, SIGN_PREDICATE_TYPE } from "./statement.ts";

const BUNDLE_CONTENT = "dev.sigstore.bundle.content";
const BUNDLE_PREDICATE_TYPE = "dev.sigstore.bundle.predicateType";

/** What is to be stored: the manifest, its one layer, and the empty config that OCI wants beside them. */
export interface SignatureReferrer {
  /** Of the manifest, as a referrers list shows it: with artifactType and annotations. */
  readonly descriptor: Descriptor;
  readonly manifest: Uint8Array;
  /** Of the bundle. */
  readonly layer: Descriptor;
  readonly bundle: Uint8Array;
}

/**
 * The referrer that attaches a sigstore bundle to its subject. `created` (RFC
 * 3339) is left out unless given, so that the same signature gives the same
 * bytes. Throws SIGNATURE_INVALID, UNSUPPORTED if the bytes are no bundle.
 */
export function signatureReferrer(
  subject: Descriptor,
  bundle: Uint8Array,
  kernels: Kernels,
  created?: string,
): SignatureReferrer {
  const { predicateType } = parseStatement(parseSigstoreBundle(bundle).envelope.payload);
  const annotations = {
    [BUNDLE_CONTENT]: "dsse-envelope",
    [BUNDLE_PREDICATE_TYPE]: predicateType,
    ...(created !== undefined && { [ANNOTATION.created]: created }),
  };
  const layer = { mediaType: SIGSTORE_BUNDLE_TYPE, digest: digestOf(kernels, bundle), size: bundle.length };
  const manifest = encodeJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    artifactType: SIGSTORE_BUNDLE_TYPE,
    config: EMPTY_JSON,
    layers: [layer],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations,
  });
  const descriptor = {
    mediaType: MEDIA_TYPE.ociManifest,
    digest: digestOf(kernels, manifest),
    size: manifest.length,
    artifactType: SIGSTORE_BUNDLE_TYPE,
    annotations,
  };
  return { descriptor, manifest, layer, bundle };
}

/**
 * The layer that holds the sigstore bundle if the manifest is a signature as a
 * referrer; undefined for other manifests, attestations (SBOM, provenance)
 * among them. The annotation this goes by is not authenticated: what the bundle
 * says is checked again once its signature holds.
 * Throws SIGNATURE_INVALID for a signature without its one layer; LIMIT_EXCEEDED.
 */
export function signatureLayer(manifest: Manifest): Descriptor | undefined {
  // image-spec, manifest.md: without artifactType, the config's media type says what it is.
  if (!SIGSTORE_BUNDLE_TYPES.includes(manifest.artifactType ?? manifest.config.mediaType)) return undefined;
  const predicateType = manifest.annotations?.[BUNDLE_PREDICATE_TYPE] ?? SIGN_PREDICATE_TYPE;
  if (predicateType !== SIGN_PREDICATE_TYPE) return undefined;
  const [layer, ...more] = manifest.layers;
  if (!layer || more.length > 0) {
    throw new SealiftError(
      "SIGNATURE_INVALID",
      `Cannot read signature: its manifest has ${counted(manifest.layers.length, "layer")}, not one`,
    );
  }
  if (layer.size > MAX_SIGSTORE_BUNDLE_SIZE) {
    throw new SealiftError(
      "LIMIT_EXCEEDED",
      `Cannot read signature: its ${layer.size} bytes are over ${MAX_SIGSTORE_BUNDLE_SIZE}`,
    );
  }
  return layer;
}
