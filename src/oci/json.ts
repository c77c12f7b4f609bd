import * as v from "valibot";
import { type ErrorCode, reasonOf, SealiftError } from "../error.ts";

/** The largest manifest or config that is read, in bytes (distribution-spec asks for 4 MiB at least). */
export const MAX_DOCUMENT_SIZE = 4 * 1024 * 1024;

/** Decodes UTF-8 JSON and checks its shape; unknown fields are kept. Throws `code`. */
export function parseJson<S extends v.GenericSchema>(
  schema: S,
  bytes: Uint8Array,
  what: string,
  code: ErrorCode = "JSON_INVALID",
): v.InferOutput<S> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch (cause) {
    throw new SealiftError(code, `Cannot read ${what}: ${reasonOf(cause)}`, { cause });
  }
  return checkShape(schema, value, what, code);
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
