import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import { encodeBase64 } from "./base64.ts";
import { DER_TAG, encodeDer, parseDer, parseSequence } from "./der.ts";
import { EC_P256_ALGORITHM, requireP256 } from "./key-algorithm.ts";
import { formatPem, parsePem } from "./pem.ts";

/** An ECDSA P-256 public key; a point of the curve, checked when it was made. */
export interface PublicKey {
  /** What signatures call the key: base64 of the SHA-256 of `spki`, as cosign writes it. */
  readonly hint: string;
  /** SubjectPublicKeyInfo (RFC 5280, 4.1), DER. */
  readonly spki: Uint8Array;
  /** The uncompressed point (SEC 1, 2.3.3): 65 bytes. */
  readonly point: Uint8Array;
}

/** Reads a `PUBLIC KEY` PEM. Throws KEY_INVALID; UNSUPPORTED for other kinds of key. */
export function parsePublicKey(pem: string, what = "public key"): PublicKey {
  const { label, bytes } = parsePem(pem, what);
  if (label.endsWith("PRIVATE KEY")) {
    throw new SealiftError("KEY_INVALID", `Cannot read ${what}: it is a private key`, {
      hint: "Give the public half, the .pub file, and keep the private one to yourself.",
    });
  }
  if (label !== "PUBLIC KEY") {
    throw new SealiftError("UNSUPPORTED", `Cannot read ${what}: its label is ${label}, not PUBLIC KEY`);
  }
  return publicKeyOf(pointOfSpki(bytes, what), what);
}

/** The key as a `PUBLIC KEY` PEM, byte for byte as cosign and openssl write it. */
export function formatPublicKey(key: PublicKey): string {
  return formatPem({ label: "PUBLIC KEY", bytes: key.spki });
}

/** The key that is an uncompressed point. Throws KEY_INVALID if the curve has no such point. */
export function publicKeyOf(point: Uint8Array, what = "public key"): PublicKey {
  try {
    p256.Point.fromBytes(point);
  } catch (cause) {
    throw new SealiftError("KEY_INVALID", `Cannot read ${what}: it is not a point of P-256`, { cause });
  }
  const bits = encodeDer(DER_TAG.bitString, new Uint8Array([0]), point);
  const spki = encodeDer(DER_TAG.sequence, EC_P256_ALGORITHM, bits);
  return { hint: encodeBase64(sha256(spki)), spki, point };
}

/** Whether `signature` (ECDSA with SHA-256, DER) is the key's over `message`. */
export function verifySignature(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    // Go, and so cosign, makes and takes high s as often as low s.
    return p256.verify(signature, message, key.point, { format: "der", lowS: false });
  } catch {
    // noble throws where the signature's length alone shows that it is none.
    return false;
  }
}

function pointOfSpki(spki: Uint8Array, what: string): Uint8Array {
  const [algorithm, bits, ...rest] = parseSequence(spki, what);
  if (algorithm?.tag !== DER_TAG.sequence || bits?.tag !== DER_TAG.bitString || rest.length > 0) {
    throw new SealiftError("KEY_INVALID", `Cannot read ${what}: it is not a SubjectPublicKeyInfo`);
  }
  requireP256(parseDer(algorithm.content, what), what);
  return uncompressedPoint(bits.content, what);
}

/** A key has one SPKI and one hint only if its point has one spelling, so compressed points are refused, as Go does. */
function uncompressedPoint(bits: Uint8Array, what: string): Uint8Array {
  if (bits.length !== 66 || bits[0] !== 0) {
    throw new SealiftError("KEY_INVALID", `Cannot read ${what}: its point is not in the uncompressed form`);
  }
  return concat([bits.subarray(1)]);
}
