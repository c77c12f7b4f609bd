import { describe, expect, test } from "vitest";
import { signSubject } from "../../../src/trust/sign-subject.ts";
import { type Verdict, verdictExitCode } from "../../../src/trust/verdict.ts";
import { VerdictBuilder } from "../../../src/trust/verdict-builder.ts";
import { checkSignatures } from "../../../src/trust/verify-signature.ts";
import { alice, digestOfText, edited, found, mallory, subject } from "./material.ts";

const genuine = signSubject(subject, alice);
const forged = edited(signSubject(subject, mallory), (json) => {
  json.verificationMaterial.publicKey.hint = alice.publicKey.hint;
});

/** A verdict on intact content with these signatures. */
function verdictOn(
  bundles: Uint8Array[],
  keys = [alice.publicKey],
  more?: (builder: VerdictBuilder) => void,
): Verdict {
  const builder = new VerdictBuilder({ signatureRequired: keys.length > 0 });
  builder.subject({ digest: subject.digest, name: "hello-1.0.0" });
  builder.pass("root", subject.digest);
  builder.signatures(checkSignatures({ subject, signatures: bundles.map(found), keys }));
  more?.(builder);
  return builder.finish();
}

const failures = (verdict: Verdict) => verdict.checks.filter(({ outcome }) => outcome === "fail");

describe("a verdict", () => {
  test("is data: the same JSON everywhere", () => {
    expect(JSON.parse(JSON.stringify(verdictOn([genuine])))).toEqual({
      schema: 1,
      outcome: "verified",
      sentence: "Verified: hello-1.0.0 is intact and signed by a given key.",
      subject: { digest: subject.digest, name: "hello-1.0.0" },
      signature: "valid",
      signedBy: alice.publicKey.hint,
      checks: [
        { id: "root", object: subject.digest, outcome: "pass" },
        { id: "signature", object: found(genuine).descriptor.digest, outcome: "pass" },
      ],
      notCovered: [],
    });
  });

  test.each([
    ["a valid signature", [genuine], "verified", "valid", 0],
    ["no signature", [], "untrusted", "unsigned", 3],
    ["another key's signature", [signSubject(subject, mallory)], "untrusted", "unknown-key", 3],
    ["a bad signature", [forged], "failed", "bad-signature", 3],
    [
      "a signature moved here",
      [signSubject({ digest: digestOfText("x") }, alice)],
      "failed",
      "bad-signature",
      3,
    ],
    ["a valid signature beside a bad one", [forged, genuine], "verified", "valid", 0],
  ] as const)("with a key and %s", (_, bundles, outcome, signature, exit) => {
    const verdict = verdictOn([...bundles]);
    expect(verdict).toMatchObject({ outcome, signature });
    expect(verdictExitCode(verdict)).toBe(exit);
    expect(failures(verdict).length > 0).toBe(exit === 3);
  });

  test.each([
    ["signed", [genuine], "not-checked", /signature not checked/],
    ["unsigned", [], "unsigned", /Intact but unsigned/],
    ["badly signed", [forged], "not-checked", /signature not checked/],
  ] as const)(
    "without a key on %s content is intact, and claims no more",
    (_, bundles, signature, sentence) => {
      const verdict = verdictOn([...bundles], []);
      expect(verdict).toMatchObject({ outcome: "intact", signature });
      expect(verdict.sentence).toMatch(sentence);
      expect(verdictExitCode(verdict)).toBe(0);
      expect(failures(verdict)).toEqual([]);
    },
  );

  test("says in different sentences that content is unsigned, of an unknown key, or badly signed", () => {
    const sentences = [[], [signSubject(subject, mallory)], [forged]].map(
      (bundles) => verdictOn(bundles).sentence,
    );
    expect(new Set(sentences).size).toBe(3);
  });

  test("with one wrong blob fails whatever the signature, names it, and keeps what came after", () => {
    const verdict = verdictOn([genuine], undefined, (builder) => {
      builder.fail("blob", "sha256:aa", "its digest is another");
      builder.pass("blob", "sha256:bb");
      builder.fail("padding", "blobs/sha256/cc", "it is not zero");
    });
    expect(verdict).toMatchObject({ outcome: "failed", signature: "valid" });
    expect(verdict.sentence).toBe("Not verified: blob sha256:aa: its digest is another (and 1 more).");
    expect(verdict.checks).toHaveLength(5);
    expect(verdictExitCode(verdict)).toBe(3);
  });

  test("fails on wrong content without a key too", () => {
    const verdict = verdictOn([], [], (builder) => builder.fail("index", "index.json", "it is another"));
    expect(verdictExitCode(verdict)).toBe(3);
  });

  test("of a rule refuses intact, signed content with its own exit code, and gives way to worse", () => {
    const refuse = (builder: VerdictBuilder) => builder.fail("policy", "licence", "is not allowed here");
    expect(verdictOn([genuine], undefined, refuse)).toMatchObject({
      outcome: "refused",
      sentence: "Refused: hello-1.0.0 is intact, but policy licence: is not allowed here.",
    });
    expect(verdictExitCode(verdictOn([genuine], undefined, refuse))).toBe(4);
    expect(verdictExitCode(verdictOn([], undefined, refuse))).toBe(3);
  });

  test("without a look at the root fails: nothing found wrong is not everything found right", () => {
    const builder = new VerdictBuilder({ signatureRequired: false });
    builder.pass("layout", "hello.bundle");
    builder.skip("root", "root index", "not asked for");
    expect(builder.finish()).toMatchObject({ outcome: "failed", subject: {}, signature: "not-checked" });
  });

  test("without a look at demanded signatures is untrusted", () => {
    const builder = new VerdictBuilder({ signatureRequired: true });
    builder.pass("root", subject.digest);
    expect(verdictExitCode(builder.finish())).toBe(3);
  });

  test("lists what no digest covers, and what was skipped with its reason", () => {
    const verdict = verdictOn([genuine], undefined, (builder) => {
      builder.notCovered("blobs/sha256/extra");
      builder.skip("diff-id", "sha256:aa", "not asked for");
    });
    expect(verdict.notCovered).toEqual(["blobs/sha256/extra"]);
    expect(verdict.checks.at(-1)).toEqual({
      id: "diff-id",
      object: "sha256:aa",
      outcome: "skipped",
      reason: "not asked for",
    });
    expect(verdict.outcome).toBe("verified");
  });

  test("carries no control or bidirectional characters out of a hostile file, and no endless text", () => {
    const builder = new VerdictBuilder({ signatureRequired: false });
    builder.subject({ name: "\u001b[2Jhello\u202e" });
    builder.fail("layout", "a\r\nVerified: b", "x".repeat(10_000));
    builder.notCovered("\u0007");
    const json = JSON.stringify(builder.finish());
    expect(json).not.toMatch(/\\u00|\\r|\\n|\u202e/);
    expect(json.length).toBeLessThan(3_000);
  });
});
