/** DSSE 1.0.2: signed envelopes. What is signed is the type and the payload's exact bytes, never a re-encoding. */
import * as v from "valibot";
import { concat } from "../bytes/stream.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import type { PublicKey } from "./public-key.ts";
import { verifySignature } from "./public-key.ts";

export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** What the signer calls its key; not authenticated. */
  readonly keyId?: string;
}

/**
 * The JSON form. Unknown members are refused, as protojson does: a name with
 * one bit changed would else turn a member into an ignored one.
 * A sigstore bundle's envelope has exactly one signature (bundle specification,
 * "DSSE"), so that no reader can pick another one than its neighbour.
 */
export const envelopeSchema = v.strictObject({
  payload: v.string(),
  payloadType: v.pipe(v.string(), v.maxLength(256)),
  signatures: v.pipe(
    v.array(
      v.strictObject({
        sig: v.pipe(v.string(), v.maxLength(1024)),
        keyid: v.optional(v.pipe(v.string(), v.maxLength(256))),
      }),
    ),
    v.length(1, "an envelope takes exactly one signature"),
  ),
});

/** Decodes the base64 of an envelope's JSON form. Throws SIGNATURE_INVALID. */
export function decodeEnvelope(json: v.InferOutput<typeof envelopeSchema>, what: string): Envelope {
  const [{ sig, keyid } = { sig: "" }] = json.signatures;
  return {
    payloadType: json.payloadType,
    payload: decodeBase64(json.payload, `${what}: payload`, "SIGNATURE_INVALID"),
    signature: decodeBase64(sig, `${what}: sig`, "SIGNATURE_INVALID"),
    ...(keyid && { keyId: keyid }),
  };
}

/** The JSON form, members in protojson's order. */
export function encodeEnvelope(envelope: Envelope): v.InferOutput<typeof envelopeSchema> {
  const sig = encodeBase64(envelope.signature);
  return {
    payload: encodeBase64(envelope.payload),
    payloadType: envelope.payloadType,
    signatures: [envelope.keyId ? { sig, keyid: envelope.keyId } : { sig }],
  };
}

/** The bytes that are signed: DSSE's pre-authentication encoding, lengths in bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const encoder = new TextEncoder();
  const type = encoder.encode(payloadType);
  const head = encoder.encode(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `);
  return concat([head, payload]);
}

/** Whether the envelope's signature is the key's. Only then may its payload be believed. */
export function verifyEnvelope(envelope: Envelope, key: PublicKey): boolean {
  return verifySignature(key, preAuthEncoding(envelope.payloadType, envelope.payload), envelope.signature);
}
