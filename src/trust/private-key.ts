import { p256 } from "@noble/curves/nist.js";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { DER_TAG, type DerValue, encodeDer, parseDer, parseSequence } from "./der.ts";
import { decryptKey, encryptKey } from "./encrypted-key.ts";
import { EC_P256_ALGORITHM, requireP256, requireP256Curve, unsupported } from "./key-algorithm.ts";
import { formatPem, parsePem } from "./pem.ts";
import { type PublicKey, publicKeyOf } from "./public-key.ts";

/** An ECDSA P-256 private key with its public half. */
export interface KeyPair {
  /** The scalar, big-endian: 32 bytes. */
  readonly secret: Uint8Array;
  readonly publicKey: PublicKey;
}

/** A new key. */
export function generateKeyPair(random: Host["random"]): KeyPair {
  // 16 bytes more than the scalar has, so that reducing them leaves no bias (FIPS 186-5, A.2.1).
  return keyPairOf(p256.utils.randomSecretKey(random(48)), "new private key");
}

/**
 * Reads a private key PEM: cosign's encrypted form, PKCS#8 or SEC 1.
 * `password` is asked for only where the key is encrypted.
 * Throws KEY_INVALID (also for a wrong password); UNSUPPORTED for other kinds of key.
 */
export async function parsePrivateKey(
  pem: string,
  password?: () => string | Promise<string>,
  what = "private key",
): Promise<KeyPair> {
  const { label, bytes } = parsePem(pem, what);
  switch (label) {
    case "ENCRYPTED SIGSTORE PRIVATE KEY":
    case "ENCRYPTED COSIGN PRIVATE KEY":
      if (!password) throw invalid(what, "it is encrypted, and no password was given");
      return fromPkcs8(await decryptKey(bytes, await password(), what), what);
    case "PRIVATE KEY":
      return fromPkcs8(bytes, what);
    case "EC PRIVATE KEY":
      return fromSec1(bytes, what);
    case "RSA PRIVATE KEY":
      throw unsupported(what, "RSA");
    case "PUBLIC KEY":
      throw invalid(what, "it is a public key");
    default:
      throw new SealiftError("UNSUPPORTED", `Cannot read ${what}: its label is ${label}`, {
        hint: "Use a key of `sealift key generate` or cosign, or an unencrypted PKCS#8 file.",
      });
  }
}

/** The key as cosign writes it: PKCS#8, encrypted with the password, which may be empty. */
export async function formatPrivateKey(
  key: KeyPair,
  password: string,
  random: Host["random"],
): Promise<string> {
  const bytes = await encryptKey(toPkcs8(key), password, random);
  return formatPem({ label: "ENCRYPTED SIGSTORE PRIVATE KEY", bytes });
}

/**
 * Signs with ECDSA and SHA-256; DER. The nonce follows from key and message
 * (RFC 6979), so the same input gives the same signature everywhere.
 */
export function sign(key: KeyPair, message: Uint8Array): Uint8Array {
  return p256.sign(message, key.secret, { format: "der", lowS: false });
}

/** RFC 5958, with the RFC 5915 key inside as Go writes it: public half, no curve. */
function toPkcs8({ secret, publicKey }: KeyPair): Uint8Array {
  const bits = encodeDer(DER_TAG.bitString, new Uint8Array([0]), publicKey.point);
  const ecPrivateKey = encodeDer(
    DER_TAG.sequence,
    encodeDer(DER_TAG.integer, new Uint8Array([1])),
    encodeDer(DER_TAG.octetString, secret),
    encodeDer(DER_TAG.context1, bits),
  );
  return encodeDer(
    DER_TAG.sequence,
    encodeDer(DER_TAG.integer, new Uint8Array([0])),
    EC_P256_ALGORITHM,
    encodeDer(DER_TAG.octetString, ecPrivateKey),
  );
}

function fromPkcs8(bytes: Uint8Array, what: string): KeyPair {
  const [version, algorithm, key] = parseSequence(bytes, what);
  if (version?.tag !== DER_TAG.integer || algorithm?.tag !== DER_TAG.sequence) {
    throw invalid(what, "it is not PKCS#8");
  }
  requireP256(parseDer(algorithm.content, what), what);
  if (key?.tag !== DER_TAG.octetString) throw invalid(what, "it is not PKCS#8");
  return keyPairOf(secretOf(parseSequence(key.content, what), what), what);
}

function fromSec1(bytes: Uint8Array, what: string): KeyPair {
  const parts = parseSequence(bytes, what);
  const curve = parts.find((part) => part.tag === DER_TAG.context0);
  requireP256Curve(curve && parseDer(curve.content, what)[0], what);
  return keyPairOf(secretOf(parts, what), what);
}

/** RFC 5915, section 3. The public half it may carry is not believed but computed again. */
function secretOf([version, secret]: readonly DerValue[], what: string): Uint8Array {
  const isVersion1 =
    version?.tag === DER_TAG.integer && version.content.length === 1 && version.content[0] === 1;
  if (!isVersion1 || secret?.tag !== DER_TAG.octetString) throw invalid(what, "it is not an EC private key");
  return secret.content.slice();
}

function keyPairOf(secret: Uint8Array, what: string): KeyPair {
  if (!p256.utils.isValidSecretKey(secret)) throw invalid(what, "its number is not a P-256 private key");
  return { secret, publicKey: publicKeyOf(p256.getPublicKey(secret, false), what) };
}

function invalid(what: string, reason: string): SealiftError {
  return new SealiftError("KEY_INVALID", `Cannot read ${what}: ${reason}`);
}
