import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { parseDigest } from "../../../src/oci/digest.ts";
import { parseManifest } from "../../../src/oci/manifest.ts";
import { decodeBase64 } from "../../../src/trust/base64.ts";
import { parsePem } from "../../../src/trust/pem.ts";
import { formatPrivateKey, type KeyPair, parsePrivateKey } from "../../../src/trust/private-key.ts";
import { formatPublicKey, parsePublicKey } from "../../../src/trust/public-key.ts";
import { encodeSigstoreBundle, parseSigstoreBundle } from "../../../src/trust/sigstore-bundle.ts";
import { signatureLayer, signatureReferrer } from "../../../src/trust/signature-referrer.ts";
import { checkSignatures } from "../../../src/trust/verify-signature.ts";
import { alice, decodeJson, found, hashKernels } from "../../unit/trust/material.ts";

const golden = (name: string) => new Uint8Array(readFileSync(new URL(name, import.meta.url)));
const text = (name: string) => new TextDecoder().decode(golden(name));

const publicKey = parsePublicKey(text("cosign.pub"));
const subject = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: found(golden("subject.json")).descriptor.digest,
  size: golden("subject.json").length,
};
const signature = golden("signature.sigstore.json");

describe("cosign's key", () => {
  let pair: KeyPair;
  beforeAll(async () => {
    pair = await parsePrivateKey(text("cosign.key"), () => "golden-password");
  });

  test("opens, and its public half is the one that cosign wrote beside it", () => {
    expect(formatPublicKey(pair.publicKey)).toBe(text("cosign.pub"));
  });

  test("is written byte for byte as cosign did, given its salt and nonce", async () => {
    const { kdf, cipher } = decodeJson(parsePem(text("cosign.key"), "key").bytes);
    const drawn = [kdf.salt, cipher.nonce].map((field) => decodeBase64(field, "field", "KEY_INVALID"));
    expect(await formatPrivateKey(pair, "golden-password", () => drawn.shift() ?? new Uint8Array())).toBe(
      text("cosign.key"),
    );
  });
});

describe("cosign's signature", () => {
  const check = (bundleBytes: Uint8Array, digest = subject.digest, keys = [publicKey]) =>
    checkSignatures({ subject: { digest }, signatures: [found(bundleBytes)], keys });

  test("is found through its referrer and is valid", () => {
    const layer = signatureLayer(parseManifest(golden("signature.manifest.json")));
    expect(layer).toMatchObject({ digest: found(signature).descriptor.digest, size: signature.length });
    expect(check(signature).state).toBe("valid");
    expect(check(signature).signatures[0]?.keyHint).toBe(publicKey.hint);
  });

  test("is of no other subject and no other key", () => {
    const other = parseDigest(`sha256:${"0".repeat(64)}`);
    expect(check(signature, other).signatures[0]?.outcome).toBe("wrong-subject");
    expect(check(signature, subject.digest, [alice.publicKey]).state).toBe("unknown-key");
  });

  test("is written byte for byte as cosign did, given what it signed", () => {
    const { envelope, hint = "" } = parseSigstoreBundle(signature);
    expect(encodeSigstoreBundle(envelope, hint)).toEqual(signature);
  });

  test("makes a referrer that says what cosign's says", () => {
    const theirs = decodeJson(golden("signature.manifest.json"));
    const created = theirs.annotations["org.opencontainers.image.created"];
    const ours = decodeJson(signatureReferrer(subject, signature, hashKernels, created).manifest);
    // cosign repeats the artifact type in the config's descriptor; the image spec's empty descriptor is without.
    const { artifactType: _, ...config } = theirs.config;
    expect(ours).toEqual({ ...theirs, config });
  });

  test("with any one byte changed is not valid", () => {
    for (let index = 0; index < signature.length; index++) {
      for (const mask of [0x01, 0x20, 0x80]) {
        const changed = signature.with(index, (signature[index] ?? 0) ^ mask);
        expect(check(changed).state, `byte ${index}, mask ${mask}`).not.toMatch(/^(valid|unsigned|not-checked)$/);
      }
    }
  });

  test("of an SBOM is an attestation, not a signature", () => {
    const report = check(golden("attestation.sigstore.json"));
    expect(report.state).toBe("unsigned");
    expect(report.signatures[0]?.outcome).toBe("attestation");
  });

  test("of a bare file is told apart", () => {
    expect(check(golden("blob.sigstore.json")).signatures[0]).toMatchObject({
      outcome: "unsupported",
      reason: expect.stringContaining("cosign sign-blob"),
    });
  });
});
