import { SealiftError } from "../error.ts";

/** The hash algorithms the image spec registers. */
export type HashAlgorithm = "sha256" | "sha512";

declare const digestBrand: unique symbol;
/** `algorithm:hex`, made only by {@link parseDigest} and {@link formatDigest}. */
export type Digest = string & { readonly [digestBrand]: true };

const HEX_LENGTH: Record<HashAlgorithm, number> = { sha256: 64, sha512: 128 };

/** Parses `algorithm:hex` (image-spec, descriptor.md "Digests"). Throws DIGEST_INVALID. */
export function parseDigest(text: string): Digest {
  const colon = text.indexOf(":");
  const algorithm = text.slice(0, colon);
  const hex = text.slice(colon + 1);
  if (!isHashAlgorithm(algorithm)) {
    throw invalid(text, "the algorithm is not sha256 or sha512");
  }
  if (hex.length !== HEX_LENGTH[algorithm] || !/^[0-9a-f]+$/.test(hex)) {
    throw invalid(text, `${algorithm} takes ${HEX_LENGTH[algorithm]} lower-case hex digits`);
  }
  return text as Digest;
}

export function isDigest(text: string): text is Digest {
  return /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);
}

/** The digest of a finished hash. */
export function formatDigest(algorithm: HashAlgorithm, hash: Uint8Array): Digest {
  return `${algorithm}:${toHex(hash)}` as Digest;
}

/** A digest's hash as bytes, a half of its digits; {@link digestOfHash} makes the digest of it again. */
export function hashOf(digest: Digest): Uint8Array {
  const start = digest.indexOf(":") + 1;
  const hash = new Uint8Array((digest.length - start) / 2);
  for (let at = 0; at < hash.length; at++) {
    hash[at] = (digitAt(digest, start + 2 * at) << 4) | digitAt(digest, start + 2 * at + 1);
  }
  return hash;
}

/** The digest of a hash: the algorithms' lengths differ. */
export function digestOfHash(hash: Uint8Array): Digest {
  return formatDigest(hash.length * 2 === HEX_LENGTH.sha256 ? "sha256" : "sha512", hash);
}

export function digestAlgorithm(digest: Digest): HashAlgorithm {
  return digest.slice(0, digest.indexOf(":")) as HashAlgorithm;
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

function isHashAlgorithm(text: string): text is HashAlgorithm {
  return text === "sha256" || text === "sha512";
}

const DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
const decoder = new TextDecoder();

/** Images have a hundred thousand: joined digit by digit, each leaves a kilobyte to collect. */
function toHex(bytes: Uint8Array): string {
  const digits = new Uint8Array(bytes.length * 2);
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    digits[2 * at] = DIGITS[byte >> 4] as number;
    digits[2 * at + 1] = DIGITS[byte & 15] as number;
  }
  return decoder.decode(digits);
}

function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

function invalid(text: string, reason: string): SealiftError {
  return new SealiftError("DIGEST_INVALID", `Cannot read digest "${text.slice(0, 160)}": ${reason}`);
}
