/** in-toto statements: what a signature says, and about what. */
import * as v from "valibot";
import { type Digest, digestAlgorithm, digestHex } from "../oci/digest.ts";
import { encodeJson, parseJson } from "../oci/json.ts";

export const STATEMENT_PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** The predicate by which cosign 3 signs an image: the subject's digest alone, said by the key's owner. */
export const SIGN_PREDICATE_TYPE = "https://sigstore.dev/cosign/sign/v1";

const STATEMENT_V1 = "https://in-toto.io/Statement/v1";
/** Still written by `cosign attest-blob`; the members read here are the same. */
const STATEMENT_V0_1 = "https://in-toto.io/Statement/v0.1";

/** The bounds of sigstore-go: more subjects are a way to make a verifier work, not a signature. */
const MAX_SUBJECTS = 1024;
const MAX_SUBJECT_DIGESTS = 32;

const subjectSchema = v.looseObject({
  digest: v.pipe(v.record(v.string(), v.string()), v.maxEntries(MAX_SUBJECT_DIGESTS)),
});

const statementSchema = v.looseObject({
  _type: v.picklist([STATEMENT_V1, STATEMENT_V0_1]),
  subject: v.pipe(v.array(subjectSchema), v.minLength(1), v.maxLength(MAX_SUBJECTS)),
  predicateType: v.pipe(v.string(), v.maxLength(1024)),
});

export interface Statement {
  readonly predicateType: string;
  readonly subject: readonly { readonly digest: Readonly<Record<string, string>> }[];
}

/** The statement with which a key's owner signs the content that has this digest. */
export function encodeSignStatement(subject: Digest): Uint8Array {
  return encodeJson({
    _type: STATEMENT_V1,
    subject: [{ digest: { [digestAlgorithm(subject)]: digestHex(subject) } }],
    predicateType: SIGN_PREDICATE_TYPE,
    predicate: {},
  });
}

/** Throws SIGNATURE_INVALID. */
export function parseStatement(payload: Uint8Array, what = "signed statement"): Statement {
  return parseJson(statementSchema, payload, what, "SIGNATURE_INVALID");
}

/** Whether the statement is about the content that has this digest. */
export function isAbout(statement: Statement, subject: Digest): boolean {
  const algorithm = digestAlgorithm(subject);
  return statement.subject.some(({ digest }) => digest[algorithm] === digestHex(subject));
}

/** The digests the statement is about, for messages. */
export function subjectsOf(statement: Statement): string {
  return statement.subject
    .flatMap(({ digest }) => Object.entries(digest).map(([algorithm, hex]) => `${algorithm}:${hex}`))
    .slice(0, 3)
    .join(", ");
}
