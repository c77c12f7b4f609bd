import * as v from "valibot";
import { type ErrorCode, SealiftError } from "../error.ts";

/** The largest manifest or config that is read, in bytes (distribution-spec asks for 4 MiB at least). */
export const MAX_DOCUMENT_SIZE = 4 * 1024 * 1024;

/** Decodes UTF-8 JSON and checks its shape; unknown fields are kept. Throws `code`. */
export function parseJson<S extends v.GenericSchema>(
  schema: S,
  bytes: Uint8Array,
  what: string,
  code: ErrorCode = "JSON_INVALID",
): v.InferOutput<S> {
  return checkShape(schema, parsed(bytes, what, code), what, code);
}

/** Engines word it each in their own way; a verdict's words are the same on all of them. */
function parsed(bytes: Uint8Array, what: string, code: ErrorCode): unknown {
  const refuse = (reason: string, cause: unknown) =>
    new SealiftError(code, `Cannot read ${what}: ${reason}`, { cause });
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch (cause) {
    throw refuse("it is not UTF-8", cause);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuse("it is not JSON", cause);
  }
}

/** Checks a decoded value's shape. Throws `code`, naming the first field that is wrong. */
export function checkShape<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  what: string,
  code: ErrorCode,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  throw new SealiftError(code, `Cannot read ${what}: ${path ? `${path}: ` : ""}${issue.message}`);
}

/** JSON as this project writes it: no white space, keys in the order given. */
export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
