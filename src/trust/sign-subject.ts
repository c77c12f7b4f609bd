import type { Descriptor } from "../oci/descriptor.ts";
import { preAuthEncoding } from "./dsse.ts";
import { type KeyPair, sign } from "./private-key.ts";
import { encodeSigstoreBundle } from "./sigstore-bundle.ts";
import { encodeSignStatement, STATEMENT_PAYLOAD_TYPE } from "./statement.ts";

/** Signs the content a descriptor names; gives the sigstore bundle's bytes, the same for the same key and digest. */
export function signSubject(subject: Pick<Descriptor, "digest">, key: KeyPair): Uint8Array {
  const payload = encodeSignStatement(subject.digest);
  const signature = sign(key, preAuthEncoding(STATEMENT_PAYLOAD_TYPE, payload));
  const envelope = { payloadType: STATEMENT_PAYLOAD_TYPE, payload, signature };
  return encodeSigstoreBundle(envelope, key.publicKey.hint);
}
