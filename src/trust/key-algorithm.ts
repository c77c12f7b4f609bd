/** Which kind of key an ASN.1 structure holds, and its one supported answer. */
import { SealiftError } from "../error.ts";
import { DER_TAG, type DerValue, encodeDer } from "./der.ts";

const ID_EC_PUBLIC_KEY = "2a8648ce3d0201";
const PRIME256V1 = "2a8648ce3d030107";

/** Contents of object identifiers, in hex, and what people call them. */
const NAMES: Readonly<Record<string, string>> = {
  "2a864886f70d010101": "RSA",
  "2a864886f70d01010a": "RSA-PSS",
  "2b6570": "Ed25519",
  "2b6571": "Ed448",
  "2b656e": "X25519",
  "2b81040022": "ECDSA P-384",
  "2b81040023": "ECDSA P-521",
  "2b8104000a": "ECDSA secp256k1",
};

/** The AlgorithmIdentifier of an ECDSA P-256 key (RFC 5480, 2.1), DER. */
export const EC_P256_ALGORITHM: Uint8Array = encodeDer(
  DER_TAG.sequence,
  encodeDer(DER_TAG.objectIdentifier, fromHex(ID_EC_PUBLIC_KEY)),
  encodeDer(DER_TAG.objectIdentifier, fromHex(PRIME256V1)),
);

/** Throws UNSUPPORTED, naming the kind of key, unless the parts of an AlgorithmIdentifier say ECDSA P-256. */
export function requireP256(parts: readonly DerValue[], what: string): void {
  const [algorithm, parameters] = parts;
  if (algorithm?.tag !== DER_TAG.objectIdentifier) {
    throw new SealiftError("KEY_INVALID", `Cannot read ${what}: it names no algorithm`);
  }
  const id = toHex(algorithm.content);
  if (id !== ID_EC_PUBLIC_KEY) throw unsupported(what, NAMES[id] ?? "of an unknown kind");
  requireP256Curve(parameters, what);
}

/** The same for the curve alone, as SEC 1 keys name it. */
export function requireP256Curve(curve: DerValue | undefined, what: string): void {
  const id = curve?.tag === DER_TAG.objectIdentifier ? toHex(curve.content) : "";
  if (id !== PRIME256V1) throw unsupported(what, NAMES[id] ?? "ECDSA on another curve");
}

/** The error for a kind of key that this version does not use. */
export function unsupported(what: string, kind: string): SealiftError {
  return new SealiftError(
    "UNSUPPORTED",
    `Cannot use ${what}: it is ${kind}, and only ECDSA P-256 is supported`,
    {
      hint: "Make a key with `sealift key generate` or `cosign generate-key-pair`.",
    },
  );
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
