/** sigstore bundles: a signature with what is needed to check it, as one JSON document. */
import * as v from "valibot";
import { SealiftError } from "../error.ts";
import { encodeJson, parseJson } from "../oci/json.ts";
import { decodeEnvelope, type Envelope, encodeEnvelope, envelopeSchema } from "./dsse.ts";

/** The form that is written. */
export const SIGSTORE_BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** The forms that are read, each with its one spelling. */
export const SIGSTORE_BUNDLE_TYPES: readonly string[] = [
  SIGSTORE_BUNDLE_TYPE,
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
  "application/vnd.dev.sigstore.bundle+json;version=0.2",
  "application/vnd.dev.sigstore.bundle+json;version=0.1",
];

/** A key's signature takes under 1 KiB; a certificate and log entries some more. In bytes. */
export const MAX_SIGSTORE_BUNDLE_SIZE = 1024 * 1024;

export interface SigstoreBundle {
  readonly envelope: Envelope;
  /** What the bundle calls the signing key; not authenticated, and it may be absent. */
  readonly hint?: string;
  /** Signed with a certificate (keyless) and not with a key the receiver holds. */
  readonly hasCertificate: boolean;
}

const materialSchema = v.strictObject({
  publicKey: v.optional(v.strictObject({ hint: v.optional(v.pipe(v.string(), v.maxLength(256))) })),
  certificate: v.optional(v.unknown()),
  x509CertificateChain: v.optional(v.unknown()),
  // Logs and timestamps add to a key's signature; they are not consulted, and their absence takes nothing away.
  tlogEntries: v.optional(v.array(v.unknown())),
  timestampVerificationData: v.optional(v.unknown()),
});

/** Unknown members are refused, as by protojson; see {@link envelopeSchema}. */
const bundleSchema = v.strictObject({
  mediaType: v.picklist(SIGSTORE_BUNDLE_TYPES, "is not a sigstore bundle's media type"),
  verificationMaterial: materialSchema,
  dsseEnvelope: v.optional(envelopeSchema),
  messageSignature: v.optional(v.unknown()),
});

/** Throws SIGNATURE_INVALID; UNSUPPORTED for signatures over bare files; LIMIT_EXCEEDED. */
export function parseSigstoreBundle(bytes: Uint8Array, what = "sigstore bundle"): SigstoreBundle {
  if (bytes.length > MAX_SIGSTORE_BUNDLE_SIZE) {
    throw new SealiftError(
      "LIMIT_EXCEEDED",
      `Cannot read ${what}: it is larger than ${MAX_SIGSTORE_BUNDLE_SIZE} bytes`,
    );
  }
  const { verificationMaterial, dsseEnvelope, messageSignature } = parseJson(
    bundleSchema,
    bytes,
    what,
    "SIGNATURE_INVALID",
  );
  if (messageSignature !== undefined && !dsseEnvelope) {
    throw new SealiftError(
      "UNSUPPORTED",
      `Cannot read ${what}: it signs a bare file (cosign sign-blob), not an image or bundle`,
    );
  }
  if (!dsseEnvelope || messageSignature !== undefined) {
    throw invalid(what, "it does not have exactly one signed content");
  }
  const { publicKey, certificate, x509CertificateChain } = verificationMaterial;
  if (
    [publicKey, certificate, x509CertificateChain].filter((material) => material !== undefined).length !== 1
  ) {
    throw invalid(what, "it does not name exactly one key or certificate");
  }
  const envelope = decodeEnvelope(dsseEnvelope, what);
  const hint = keyHint(publicKey?.hint, envelope.keyId, what);
  return { envelope, ...(hint && { hint }), hasCertificate: publicKey === undefined };
}

/**
 * The bundle of a key's signature, members in protojson's order, no white
 * space. The envelope should carry no keyid: Go's DSSE library compares it with
 * an SSH fingerprint and passes over the signature where they differ.
 */
export function encodeSigstoreBundle(envelope: Envelope, hint: string): Uint8Array {
  return encodeJson({
    mediaType: SIGSTORE_BUNDLE_TYPE,
    verificationMaterial: { publicKey: { hint } },
    dsseEnvelope: encodeEnvelope(envelope),
  });
}

/** The bundle and its envelope may both name the key, but only the same one (bundle specification, "keyid"). */
function keyHint(hint: string | undefined, keyId: string | undefined, what: string): string | undefined {
  if (hint && keyId && hint !== keyId) throw invalid(what, "its hint and its keyid name different keys");
  return hint || keyId || undefined;
}

function invalid(what: string, reason: string): SealiftError {
  return new SealiftError("SIGNATURE_INVALID", `Cannot read ${what}: ${reason}`);
}
