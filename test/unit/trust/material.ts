/** Keys, signatures and edits of them that the tests share. */
import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Kernels } from "../../../src/kernel/kernels.ts";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import { type Digest, parseDigest } from "../../../src/oci/digest.ts";
import { generateKeyPair, type KeyPair } from "../../../src/trust/private-key.ts";
import type { FoundSignature } from "../../../src/trust/verify-signature.ts";

/** Not random at all, so that a failing test fails again. */
export function seededRandom(seed: string): (length: number) => Uint8Array {
  let count = 0;
  return (length) => {
    const parts: Buffer[] = [];
    while (parts.length * 32 < length) parts.push(createHash("sha256").update(`${seed}${count++}`).digest());
    return new Uint8Array(Buffer.concat(parts).subarray(0, length));
  };
}

export const alice: KeyPair = generateKeyPair(seededRandom("alice"));
export const mallory: KeyPair = generateKeyPair(seededRandom("mallory"));

export function digestOfText(text: string): Digest {
  return parseDigest(`sha256:${createHash("sha256").update(text).digest("hex")}`);
}

export const subject: Descriptor = {
  mediaType: "application/vnd.oci.image.index.v1+json",
  digest: digestOfText("the root"),
  size: 8,
};

/** A signature as found among referrers. */
export function found(bundleBytes: Uint8Array): FoundSignature {
  const digest = parseDigest(`sha256:${createHash("sha256").update(bundleBytes).digest("hex")}`);
  return { descriptor: { mediaType: "application/json", digest, size: 1 }, bundleBytes };
}

// biome-ignore lint/suspicious/noExplicitAny: tests reach into documents and break their shape
export type Document = any;

export function decodeJson(bytes: Uint8Array): Document {
  return JSON.parse(new TextDecoder().decode(bytes));
}

export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** The document with `change` made to it. */
export function edited(bytes: Uint8Array, change: (document: Document) => void): Uint8Array {
  const document = decodeJson(bytes);
  change(document);
  return encodeJson(document);
}

/** Only the hashes of the kernels' port; all that signatures need of it. */
export const hashKernels = {
  hasher(algorithm: string) {
    const hash = createHash(algorithm);
    return { update: (chunk: Uint8Array) => hash.update(chunk), digest: () => new Uint8Array(hash.digest()) };
  },
} as unknown as Kernels;

/** PEM texts of other kinds of key, made by node. */
export const foreignKeys = {
  RSA: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  "ECDSA P-384": generateKeyPairSync("ec", { namedCurve: "P-384" }),
  "ECDSA secp256k1": generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
  Ed25519: generateKeyPairSync("ed25519"),
};

/** A key of node's as PEM; node's types leave open that it might be bytes. */
export function pemOf(key: KeyObject, type: "spki" | "pkcs8" | "sec1" | "pkcs1"): string {
  return key.export({ type, format: "pem" } as { type: "pkcs1"; format: "pem" }).toString();
}
