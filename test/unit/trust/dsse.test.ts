import { describe, expect, test } from "vitest";
import { preAuthEncoding, verifyEnvelope } from "../../../src/trust/dsse.ts";
import { sign } from "../../../src/trust/private-key.ts";
import { alice, mallory } from "./material.ts";

const encode = (text: string) => new TextEncoder().encode(text);

describe("DSSE", () => {
  test("encodes what is signed as its specification's example has it", () => {
    const bytes = preAuthEncoding("http://example.com/HelloWorld", encode("hello world"));
    expect(new TextDecoder().decode(bytes)).toBe("DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  });

  test("counts bytes, not characters", () => {
    const bytes = preAuthEncoding("é", encode("ü"));
    expect(new TextDecoder().decode(bytes)).toBe("DSSEv1 2 é 2 ü");
  });

  test("binds the payload to its type, and both to the key", () => {
    const payload = encode("{}");
    const envelope = { payloadType: "a/b", payload, signature: sign(alice, preAuthEncoding("a/b", payload)) };
    expect(verifyEnvelope(envelope, alice.publicKey)).toBe(true);
    expect(verifyEnvelope(envelope, mallory.publicKey)).toBe(false);
    expect(verifyEnvelope({ ...envelope, payloadType: "a/c" }, alice.publicKey)).toBe(false);
    expect(verifyEnvelope({ ...envelope, payload: encode("{ }") }, alice.publicKey)).toBe(false);
  });
});
