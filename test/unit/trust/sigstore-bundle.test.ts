import { describe, expect, test } from "vitest";
import { signSubject } from "../../../src/trust/sign-subject.ts";
import { parseSigstoreBundle } from "../../../src/trust/sigstore-bundle.ts";
import { alice, type Document, edited, encodeJson, subject } from "./material.ts";

const bundle = signSubject(subject, alice);

describe("a sigstore bundle", () => {
  test("is the same bytes for the same key and digest, without white space", () => {
    expect(signSubject(subject, alice)).toEqual(bundle);
    expect(new TextDecoder().decode(bundle)).toMatch(
      /^\{"mediaType":"application\/vnd\.dev\.sigstore\.bundle\.v0\.3\+json","verificationMaterial":\{"publicKey":\{"hint":"[^"]{44}"\}\},"dsseEnvelope":\{"payload":"[^"]+","payloadType":"application\/vnd\.in-toto\+json","signatures":\[\{"sig":"[^"]+"\}\]\}\}$/,
    );
  });

  test("tells the key's hint and the signed bytes", () => {
    const { envelope, hint, hasCertificate } = parseSigstoreBundle(bundle);
    expect(hint).toBe(alice.publicKey.hint);
    expect(hasCertificate).toBe(false);
    expect(JSON.parse(new TextDecoder().decode(envelope.payload))).toEqual({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ digest: { sha256: subject.digest.slice(7) } }],
      predicateType: "https://sigstore.dev/cosign/sign/v1",
      predicate: {},
    });
  });

  test.each(["0.1", "0.2", "0.3"])("is read under version %s of the older media type", (version) => {
    const older = edited(bundle, (json) => {
      json.mediaType = `application/vnd.dev.sigstore.bundle+json;version=${version}`;
    });
    expect(parseSigstoreBundle(older).hint).toBe(alice.publicKey.hint);
  });

  test("takes the keyid for the hint where it has none, and neither where both are empty", () => {
    const withKeyId = edited(bundle, (json) => {
      json.verificationMaterial.publicKey = {};
      json.dsseEnvelope.signatures[0].keyid = "some key";
    });
    expect(parseSigstoreBundle(withKeyId).hint).toBe("some key");
    const withNone = edited(bundle, (json) => {
      json.verificationMaterial.publicKey = { hint: "" };
      json.dsseEnvelope.signatures[0].keyid = "";
    });
    expect(parseSigstoreBundle(withNone).hint).toBeUndefined();
  });

  test("with a certificate is read, and says so", () => {
    for (const material of ["certificate", "x509CertificateChain"]) {
      const keyless = edited(bundle, (json) => {
        json.verificationMaterial = { [material]: { rawBytes: "AAAA" }, tlogEntries: [{}] };
      });
      expect(parseSigstoreBundle(keyless).hasCertificate).toBe(true);
    }
  });

  test("over a bare file is not supported, and says what it is", () => {
    const blob = edited(bundle, (json) => {
      json.dsseEnvelope = undefined;
      json.messageSignature = { signature: "AAAA" };
    });
    expect(() => parseSigstoreBundle(blob)).toThrow(/signs a bare file/);
    expect(() => parseSigstoreBundle(blob)).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  });

  test.each<[string, (json: Document) => void]>([
    ["two signatures", (json) => json.dsseEnvelope.signatures.push(json.dsseEnvelope.signatures[0])],
    ["no signature", (json) => json.dsseEnvelope.signatures.pop()],
    [
      "a keyid that is not the hint",
      (json) => Object.assign(json.dsseEnvelope.signatures[0], { keyid: "other" }),
    ],
    ["both contents", (json) => Object.assign(json, { messageSignature: {} })],
    ["no content", (json) => Reflect.deleteProperty(json, "dsseEnvelope")],
    ["no verification material", (json) => Reflect.deleteProperty(json, "verificationMaterial")],
    ["neither key nor certificate", (json) => Object.assign(json, { verificationMaterial: {} })],
    ["key and certificate", (json) => Object.assign(json.verificationMaterial, { certificate: {} })],
    ["an unknown member", (json) => Object.assign(json, { extra: 1 })],
    ["an unknown member beside the key", (json) => Object.assign(json.verificationMaterial, { extra: 1 })],
    ["an unknown member in the envelope", (json) => Object.assign(json.dsseEnvelope, { extra: 1 })],
    ["an unknown media type", (json) => Object.assign(json, { mediaType: `${json.mediaType}x` })],
    [
      "a media type of version 0.4",
      (json) => Object.assign(json, { mediaType: json.mediaType.replace("0.3", "0.4") }),
    ],
    [
      "a hint of 257 characters",
      (json) => Object.assign(json.verificationMaterial.publicKey, { hint: "x".repeat(257) }),
    ],
    [
      "a signature of 1025 characters",
      (json) => Object.assign(json.dsseEnvelope.signatures[0], { sig: "A".repeat(1025) }),
    ],
    [
      "a payload type of 257 characters",
      (json) => Object.assign(json.dsseEnvelope, { payloadType: "x".repeat(257) }),
    ],
    ["a payload that is no base64", (json) => Object.assign(json.dsseEnvelope, { payload: "***" })],
    [
      "a payload with white space",
      (json) => Object.assign(json.dsseEnvelope, { payload: `${json.dsseEnvelope.payload}\n` }),
    ],
  ])("with %s is refused", (_, change) => {
    expect(() => parseSigstoreBundle(edited(bundle, change))).toThrow(
      expect.objectContaining({ code: "SIGNATURE_INVALID" }),
    );
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["a list", []],
    ["a number", 1],
  ])("that is %s is refused", (_, value) => {
    expect(() => parseSigstoreBundle(encodeJson(value))).toThrow(
      expect.objectContaining({ code: "SIGNATURE_INVALID" }),
    );
  });

  test("over 1 MiB is refused unread", () => {
    const huge = new Uint8Array(1024 * 1024 + 1);
    expect(() => parseSigstoreBundle(huge)).toThrow(expect.objectContaining({ code: "LIMIT_EXCEEDED" }));
  });
});
