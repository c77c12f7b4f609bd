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

export function digestAlgorithm(digest: Digest): HashAlgorithm {
  return digest.slice(0, digest.indexOf(":")) as HashAlgorithm;
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

function isHashAlgorithm(text: string): text is HashAlgorithm {
  return text === "sha256" || text === "sha512";
}

function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

function invalid(text: string, reason: string): SealiftError {
  return new SealiftError("DIGEST_INVALID", `Cannot read digest "${text.slice(0, 160)}": ${reason}`);
}
