import { isSealiftError, reasonOf, SealiftError } from "../error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type Envelope, verifyEnvelope } from "./dsse.ts";
import type { PublicKey } from "./public-key.ts";
import { parseSigstoreBundle, type SigstoreBundle } from "./sigstore-bundle.ts";
import {
  isAbout,
  parseStatement,
  SIGN_PREDICATE_TYPE,
  STATEMENT_PAYLOAD_TYPE,
  type Statement,
  subjectsOf,
} from "./statement.ts";

/** What all signatures of a subject come to. */
export type SignatureState = "valid" | "unsigned" | "unknown-key" | "bad-signature" | "not-checked";

/** What one signature comes to. */
export type SignatureOutcome =
  | "valid"
  /** Made with a key that is not among those given. */
  | "unknown-key"
  /** Claims a given key, and is not its signature. */
  | "bad-signature"
  /** A given key's signature, of something else: moved here from there. */
  | "wrong-subject"
  /** No signature of the subject but a statement about it (SBOM, provenance). */
  | "attestation"
  /** Of a kind this version cannot check, such as keyless. */
  | "unsupported"
  | "malformed"
  /** No key was given. */
  | "not-checked";

/** A signature found among the subject's referrers: its sigstore bundle, or why that could not be had. */
export type FoundSignature = {
  /** Of the referrer's manifest; names the signature in reports. */
  readonly descriptor: Descriptor;
} & ({ readonly bundleBytes: Uint8Array } | { readonly unreadable: string });

export interface SignatureReport {
  readonly descriptor: Descriptor;
  readonly outcome: SignatureOutcome;
  /** Why it is not valid. */
  readonly reason?: string;
  /** What the signature calls its key; authenticated only where the outcome is "valid". */
  readonly keyHint?: string;
}

export interface SignaturesReport {
  readonly state: SignatureState;
  readonly signatures: readonly SignatureReport[];
}

export interface SignatureQuestion {
  readonly subject: Pick<Descriptor, "digest">;
  readonly signatures: readonly FoundSignature[];
  /** The keys that are trusted; one valid signature of any of them is enough. */
  readonly keys: readonly PublicKey[];
}

/** Checks every signature, and never throws for what is wrong with one. */
export function checkSignatures({ subject, signatures, keys }: SignatureQuestion): SignaturesReport {
  const reports = signatures.map((signature): SignatureReport => {
    // Left out, a damaged signature would make the subject look unsigned.
    const finding =
      "unreadable" in signature
        ? ({ outcome: "malformed", reason: signature.unreadable } as const)
        : checkSignature(subject.digest, signature.bundleBytes, keys);
    return { descriptor: signature.descriptor, ...finding };
  });
  return { state: keys.length > 0 ? stateFor(reports) : stateWithoutKey(reports), signatures: reports };
}

type Finding = Omit<SignatureReport, "descriptor">;

function checkSignature(subject: Digest, bytes: Uint8Array, keys: readonly PublicKey[]): Finding {
  let bundle: SigstoreBundle;
  try {
    bundle = parseSigstoreBundle(bytes, "signature");
  } catch (error) {
    return {
      outcome: isSealiftError(error, "UNSUPPORTED") ? "unsupported" : "malformed",
      reason: reasonOf(error),
    };
  }
  const finding = judge(subject, bundle, keys);
  return bundle.hint ? { keyHint: bundle.hint, ...finding } : finding;
}

const KEYLESS: Finding = {
  outcome: "unsupported",
  reason: "it was made with a certificate (keyless), which this version cannot check",
};

function judge(subject: Digest, bundle: SigstoreBundle, keys: readonly PublicKey[]): Finding {
  const { envelope, hint } = bundle;
  if (bundle.hasCertificate) return isClaimedAttestation(envelope) ? ATTESTATION : KEYLESS;
  if (keys.length === 0) return isClaimedAttestation(envelope) ? ATTESTATION : NOT_CHECKED;
  const candidates = hint ? keys.filter((key) => key.hint === hint) : keys;
  const signer = candidates.find((key) => verifyEnvelope(envelope, key));
  if (signer) return { ...judgeStatement(subject, envelope), keyHint: signer.hint };
  if (hint && candidates.length > 0) {
    return { outcome: "bad-signature", reason: "it names a given key, but is not that key's signature" };
  }
  if (isClaimedAttestation(envelope)) return ATTESTATION;
  const reason = hint
    ? `it was made with another key (${hint})`
    : "it names no key, and no given key made it";
  return { outcome: "unknown-key", reason };
}

const NOT_CHECKED: Finding = { outcome: "not-checked", reason: "no key was given" };

const ATTESTATION: Finding = {
  outcome: "attestation",
  reason: "it is a statement about the subject, not a signature of it",
};

/** Judges a payload whose signature holds. */
function judgeStatement(subject: Digest, envelope: Envelope): Finding {
  let statement: Statement;
  try {
    statement = statementOf(envelope);
  } catch (error) {
    return { outcome: "malformed", reason: reasonOf(error) };
  }
  // Whoever signs an SBOM for an image has not thereby signed the image.
  if (statement.predicateType !== SIGN_PREDICATE_TYPE) return ATTESTATION;
  // A genuine signature taken from elsewhere.
  if (!isAbout(statement, subject)) {
    return { outcome: "wrong-subject", reason: `it signs ${subjectsOf(statement)}, not ${subject}` };
  }
  return { outcome: "valid" };
}

function statementOf(envelope: Envelope): Statement {
  if (envelope.payloadType !== STATEMENT_PAYLOAD_TYPE) {
    throw new SealiftError(
      "SIGNATURE_INVALID",
      `Cannot read signed statement: its type is ${envelope.payloadType}`,
    );
  }
  return parseStatement(envelope.payload);
}

/** What an unverified payload says it is; good only for not counting it. */
function isClaimedAttestation(envelope: Envelope): boolean {
  try {
    return statementOf(envelope).predicateType !== SIGN_PREDICATE_TYPE;
  } catch {
    return false;
  }
}

/**
 * One valid signature is enough: anyone who may push to a repository can add
 * others beside it, and takes nothing from it. Without one, the worst news wins.
 */
function stateFor(reports: readonly SignatureReport[]): SignatureState {
  const has = (...outcomes: SignatureOutcome[]) => reports.some(({ outcome }) => outcomes.includes(outcome));
  if (has("valid")) return "valid";
  if (has("bad-signature", "wrong-subject", "malformed")) return "bad-signature";
  if (has("unknown-key", "unsupported")) return "unknown-key";
  return "unsigned";
}

function stateWithoutKey(reports: readonly SignatureReport[]): SignatureState {
  return reports.every(({ outcome }) => outcome === "attestation") ? "unsigned" : "not-checked";
}
