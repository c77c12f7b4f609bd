import { generateKeyPairSync, sign as nodeSign } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { describe, expect, test } from "vitest";
import { encodeDer } from "../../../src/trust/der.ts";
import { formatPem } from "../../../src/trust/pem.ts";
import { formatPrivateKey, sign } from "../../../src/trust/private-key.ts";
import { formatPublicKey, parsePublicKey, verifySignature } from "../../../src/trust/public-key.ts";
import { alice, foreignKeys, mallory, pemOf, seededRandom } from "./material.ts";

const message = new TextEncoder().encode("message");

describe("a public key", () => {
  test("is written byte for byte as openssl does, and read back", () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = pemOf(publicKey, "spki");
    expect(formatPublicKey(parsePublicKey(pem))).toBe(pem);
  });

  test.each(Object.entries(foreignKeys))(
    "of kind %s is not supported, and called by its name",
    (kind, { publicKey }) => {
      const pem = pemOf(publicKey, "spki");
      expect(() => parsePublicKey(pem)).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
      expect(() => parsePublicKey(pem)).toThrow(`it is ${kind}, and only ECDSA P-256 is supported`);
    },
  );

  test("is not a private key, whose owner is told so", async () => {
    const pem = await formatPrivateKey(alice, "", seededRandom("x"));
    expect(() => parsePublicKey(pem)).toThrow(/it is a private key/);
  });

  test("is not a certificate", () => {
    expect(() => parsePublicKey(formatPem({ label: "CERTIFICATE", bytes: alice.publicKey.spki }))).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED" }),
    );
  });

  test.each([
    ["data after the structure", (spki: Uint8Array) => new Uint8Array([...spki, 0])],
    ["a point off the curve", (spki: Uint8Array) => spki.with(90, (spki[90] ?? 0) ^ 1)],
    ["unused bits in its bit string", (spki: Uint8Array) => spki.with(25, 1)],
    ["a point in the hybrid form", (spki: Uint8Array) => spki.with(26, 6 + ((spki[90] ?? 0) & 1))],
    ["a point cut short", (spki: Uint8Array) => spki.slice(0, 80)],
    ["no content", () => new Uint8Array()],
  ])("with %s is refused", (_, change) => {
    const pem = formatPem({ label: "PUBLIC KEY", bytes: change(alice.publicKey.spki) });
    expect(() => parsePublicKey(pem)).toThrow(expect.objectContaining({ code: "KEY_INVALID" }));
  });

  test("with a compressed point is refused, since it would be one key with two hints", () => {
    const point = p256.getPublicKey(alice.secret, true);
    const algorithm = alice.publicKey.spki.slice(2, 23);
    const spki = encodeDer(0x30, algorithm, encodeDer(3, new Uint8Array([0]), point));
    expect(() => parsePublicKey(formatPem({ label: "PUBLIC KEY", bytes: spki }))).toThrow(/uncompressed/);
  });
});

/** DER of two integers given by their content bytes. */
function signatureOf(r: Uint8Array, s: Uint8Array): Uint8Array {
  return encodeDer(0x30, encodeDer(2, r), encodeDer(2, s));
}

/** An integer's content bytes, shortest form, not negative. */
function integer(value: bigint): Uint8Array {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return new Uint8Array((bytes[0] ?? 0) >= 0x80 ? [0, ...bytes] : bytes);
}

describe("a signature", () => {
  const signature = sign(alice, message);
  const { r, s } = p256.Signature.fromBytes(signature, "der");
  const n = p256.Point.Fn.ORDER;

  test("of the key over the message holds, and of no other key or message", () => {
    expect(verifySignature(alice.publicKey, message, signature)).toBe(true);
    expect(verifySignature(mallory.publicKey, message, signature)).toBe(false);
    expect(verifySignature(alice.publicKey, new TextEncoder().encode("massage"), signature)).toBe(false);
  });

  test("holds with high s as with low s, as Go's verifier has it", () => {
    expect(verifySignature(alice.publicKey, message, signatureOf(integer(r), integer(s)))).toBe(true);
    expect(verifySignature(alice.publicKey, message, signatureOf(integer(r), integer(n - s)))).toBe(true);
  });

  test("made by node holds, whatever its nonce", () => {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = parsePublicKey(pemOf(pair.publicKey, "spki"));
    for (let i = 0; i < 20; i++) {
      expect(verifySignature(key, message, nodeSign("sha256", message, pair.privateKey))).toBe(true);
    }
  });

  test.each<[string, Uint8Array]>([
    ["is empty", new Uint8Array()],
    ["has data after it", new Uint8Array([...signature, 0])],
    [
      "has data after s inside it",
      encodeDer(0x30, encodeDer(2, integer(r)), encodeDer(2, integer(s)), encodeDer(5)),
    ],
    ["has a third integer", encodeDer(0x30, ...[r, s, 1n].map((value) => encodeDer(2, integer(value))))],
    ["has a negative r", signatureOf(new Uint8Array([0x80, ...integer(r)]), integer(s))],
    ["has r with a leading zero too many", signatureOf(new Uint8Array([0, 0, ...integer(r)]), integer(s))],
    ["has an empty r", signatureOf(new Uint8Array(), integer(s))],
    ["has r = 0", signatureOf(integer(0n), integer(s))],
    ["has s = 0", signatureOf(integer(r), integer(0n))],
    ["has r = s = 0", signatureOf(integer(0n), integer(0n))],
    ["has r = n", signatureOf(integer(n), integer(s))],
    ["has s = n", signatureOf(integer(r), integer(n))],
    ["has r + n for r", signatureOf(integer(r + n), integer(s))],
    ["has s + n for s", signatureOf(integer(r), integer(s + n))],
    ["has a huge integer", signatureOf(new Uint8Array(4096).fill(1), integer(s))],
    ["has its length in the long form", new Uint8Array([0x30, 0x81, ...signature.subarray(1)])],
    ["has its length as indefinite", new Uint8Array([0x30, 0x80, ...signature.subarray(2), 0, 0])],
    ["is r and s without DER", new Uint8Array([...integer(r).slice(-32), ...integer(s).slice(-32)])],
  ])("that %s does not hold", (_, malformed) => {
    expect(verifySignature(alice.publicKey, message, malformed)).toBe(false);
  });

  test("with any one bit changed does not hold", () => {
    for (let bit = 0; bit < signature.length * 8; bit++) {
      const changed = signature.with(bit >> 3, (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      expect(verifySignature(alice.publicKey, message, changed)).toBe(false);
    }
  });
});
