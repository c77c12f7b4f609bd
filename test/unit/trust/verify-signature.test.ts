import { describe, expect, test } from "vitest";
import { preAuthEncoding } from "../../../src/trust/dsse.ts";
import { sign } from "../../../src/trust/private-key.ts";
import { signSubject } from "../../../src/trust/sign-subject.ts";
import { encodeSigstoreBundle } from "../../../src/trust/sigstore-bundle.ts";
import { checkSignatures, type SignatureOutcome } from "../../../src/trust/verify-signature.ts";
import {
  alice,
  type Document,
  digestOfText,
  edited,
  encodeJson,
  found,
  mallory,
  subject,
} from "./material.ts";

const genuine = signSubject(subject, alice);

/** The report on one signature, with Alice's key. */
function reportOn(bundle: Uint8Array, keys = [alice.publicKey]) {
  const { state, signatures } = checkSignatures({ subject, signatures: [found(bundle)], keys });
  return { state, ...signatures[0] };
}

/** Alice's signature over any payload. */
function signed(payload: Uint8Array, payloadType = "application/vnd.in-toto+json"): Uint8Array {
  const signature = sign(alice, preAuthEncoding(payloadType, payload));
  return encodeSigstoreBundle({ payloadType, payload, signature }, alice.publicKey.hint);
}

/** A statement about the subject with something changed. */
function statement(change: object): Uint8Array {
  return encodeJson({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: subject.digest.slice(7) } }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    predicate: {},
    ...change,
  });
}

const withoutHint = (json: Document) => {
  json.verificationMaterial.publicKey = {};
};

describe("a signature", () => {
  test("of a given key over the subject is valid, and names the key", () => {
    expect(reportOn(genuine)).toMatchObject({
      state: "valid",
      outcome: "valid",
      keyHint: alice.publicKey.hint,
    });
    expect(reportOn(genuine, [mallory.publicKey, alice.publicKey]).state).toBe("valid");
  });

  test("without a hint is tried with every key", () => {
    const anonymous = edited(genuine, withoutHint);
    expect(reportOn(anonymous, [mallory.publicKey, alice.publicKey])).toMatchObject({
      outcome: "valid",
      keyHint: alice.publicKey.hint,
    });
    expect(reportOn(anonymous, [mallory.publicKey])).toMatchObject({
      state: "unknown-key",
      outcome: "unknown-key",
    });
  });

  test("of another key is unknown, and names that key", () => {
    const report = reportOn(signSubject(subject, mallory));
    expect(report).toMatchObject({ state: "unknown-key", outcome: "unknown-key" });
    expect(report.reason).toContain(mallory.publicKey.hint);
  });

  test("of another key that claims to be a given key's is bad", () => {
    const forged = edited(signSubject(subject, mallory), (json) => {
      json.verificationMaterial.publicKey.hint = alice.publicKey.hint;
    });
    expect(reportOn(forged)).toMatchObject({ state: "bad-signature", outcome: "bad-signature" });
  });

  test("of a given key moved here from other content is bad, and says what it signs", () => {
    const other = digestOfText("another root");
    const report = reportOn(signSubject({ digest: other }, alice));
    expect(report).toMatchObject({ state: "bad-signature", outcome: "wrong-subject" });
    expect(report.reason).toContain(other);
  });

  test("that names the subject among others is valid", () => {
    const several = [
      { digest: { sha512: "00" } },
      { name: "root", digest: { sha256: subject.digest.slice(7) } },
    ];
    expect(reportOn(signed(statement({ subject: several }))).outcome).toBe("valid");
  });

  test("that has the subject's hex under another algorithm is not of the subject", () => {
    const wrong = [{ digest: { sha512: subject.digest.slice(7), SHA256: subject.digest.slice(7) } }];
    expect(reportOn(signed(statement({ subject: wrong }))).outcome).toBe("wrong-subject");
  });

  test("whose payload says the same in other bytes is bad", () => {
    const reencoded = edited(genuine, (json) => {
      const payload = JSON.parse(atob(json.dsseEnvelope.payload));
      json.dsseEnvelope.payload = btoa(JSON.stringify(payload, null, 1));
    });
    expect(reportOn(reencoded).outcome).toBe("bad-signature");
  });

  test("in URL-safe base64 is valid: the signed bytes are the same", () => {
    const urlSafe = edited(genuine, (json) => {
      json.dsseEnvelope.signatures[0].sig = json.dsseEnvelope.signatures[0].sig
        .replaceAll("+", "-")
        .replaceAll("/", "_");
    });
    expect(reportOn(urlSafe).outcome).toBe("valid");
  });

  test("with any one bit of its bundle changed is not valid", () => {
    for (let bit = 0; bit < genuine.length * 8; bit++) {
      const changed = genuine.with(bit >> 3, (genuine[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      const { state } = reportOn(changed);
      expect(["bad-signature", "unknown-key"], `bit ${bit & 7} of byte ${bit >> 3}`).toContain(state);
    }
  });

  test("cut short anywhere is malformed", () => {
    for (let length = 0; length < genuine.length; length++) {
      expect(reportOn(genuine.subarray(0, length)).outcome).toBe("malformed");
    }
  });

  test.each<[string, Uint8Array]>([
    ["is not JSON", new TextEncoder().encode("hello")],
    ["has no subject", statement({ subject: [] })],
    ["has a subject without digest", statement({ subject: [{ name: "root" }] })],
    ["is of an unknown type", statement({ _type: "https://example.com/v9" })],
    ["has 1025 subjects", statement({ subject: new Array(1025).fill({ digest: {} }) })],
    [
      "has a subject of 33 digests",
      statement({
        subject: [{ digest: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`a${i}`, ""])) }],
      }),
    ],
  ])("whose statement %s is malformed, however well signed", (_, payload) => {
    expect(reportOn(signed(payload))).toMatchObject({ state: "bad-signature", outcome: "malformed" });
  });

  test("over a payload of another type is malformed, however well signed", () => {
    expect(reportOn(signed(statement({}), "text/plain"))).toMatchObject({
      state: "bad-signature",
      outcome: "malformed",
    });
  });
});

describe("an attestation", () => {
  const sbom = signed(statement({ predicateType: "https://spdx.dev/Document" }));

  test("of a given key does not sign its subject", () => {
    expect(reportOn(sbom)).toMatchObject({ state: "unsigned", outcome: "attestation" });
  });

  test("of another key, or without any key, is not taken for a signature either", () => {
    expect(reportOn(sbom, [mallory.publicKey])).toMatchObject({ state: "unsigned", outcome: "attestation" });
    expect(reportOn(sbom, [])).toMatchObject({ state: "unsigned", outcome: "attestation" });
  });
});

describe("kinds of signature this version cannot check", () => {
  const keyless = edited(genuine, (json) => {
    json.verificationMaterial = { certificate: { rawBytes: "AAAA" } };
  });
  const blob = edited(genuine, (json) => {
    json.dsseEnvelope = undefined;
    json.messageSignature = {};
  });

  test.each([
    ["keyless", keyless],
    ["over a bare file", blob],
  ])("%s: unsupported, and no given key's", (_, bundle) => {
    expect(reportOn(bundle)).toMatchObject({ state: "unknown-key", outcome: "unsupported" });
  });
});

describe("all signatures together", () => {
  const signatures: Record<string, Uint8Array> = {
    valid: genuine,
    "unknown-key": signSubject(subject, mallory),
    "wrong-subject": signSubject({ digest: digestOfText("other") }, alice),
    malformed: new Uint8Array(),
  };
  const stateOf = (names: string[], keys = [alice.publicKey]) =>
    checkSignatures({ subject, signatures: names.map((name) => found(signatures[name] as Uint8Array)), keys })
      .state;

  test("are valid by one valid among them, since anyone may add others", () => {
    expect(stateOf(["malformed", "unknown-key", "valid", "wrong-subject"])).toBe("valid");
  });

  test("without a valid one are as bad as the worst", () => {
    expect(stateOf(["unknown-key", "wrong-subject"])).toBe("bad-signature");
    expect(stateOf(["unknown-key", "malformed"])).toBe("bad-signature");
    expect(stateOf(["unknown-key", "unknown-key"])).toBe("unknown-key");
  });

  test("are none: unsigned, with a key and without", () => {
    expect(stateOf([])).toBe("unsigned");
    expect(stateOf([], [])).toBe("unsigned");
  });

  test("without a key are not checked, valid or not", () => {
    expect(stateOf(["valid"], [])).toBe("not-checked");
    expect(stateOf(["malformed"], [])).toBe("not-checked");
  });

  test("that could not be read are bad, not absent", () => {
    const damaged = { descriptor: found(genuine).descriptor, unreadable: "its digest is another" };
    const { state, signatures } = checkSignatures({
      subject,
      signatures: [damaged],
      keys: [alice.publicKey],
    });
    expect(state).toBe("bad-signature");
    expect(signatures[0]).toMatchObject({ outcome: "malformed", reason: "its digest is another" });
  });

  test("are each reported, in their order", () => {
    const names = ["malformed", "unknown-key", "valid", "wrong-subject"];
    const report = checkSignatures({
      subject,
      signatures: names.map((name) => found(signatures[name] as Uint8Array)),
      keys: [alice.publicKey],
    });
    expect(report.signatures.map(({ outcome }): SignatureOutcome => outcome)).toEqual(names);
  });
});
