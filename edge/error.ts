/** Errors as the distribution spec has them: `{"errors":[{code,message,detail}]}`. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ErrorCode, SealiftError } from "../src/error.ts";

/** Our codes the spec calls otherwise; those not listed keep their name if the spec knows it. */
const SPEC_CODE: Partial<Record<ErrorCode, string>> = {
  DIGEST_MISMATCH: "DIGEST_INVALID",
  SIZE_MISMATCH: "SIZE_INVALID",
  LIMIT_EXCEEDED: "SIZE_INVALID",
  RANGE_INVALID: "BLOB_UPLOAD_INVALID",
  RATE_LIMITED: "TOOMANYREQUESTS",
  POLICY_REFUSED: "DENIED",
  USAGE: "UNSUPPORTED",
};

const SPEC_CODES = new Set([
  "BLOB_UNKNOWN",
  "BLOB_UPLOAD_INVALID",
  "BLOB_UPLOAD_UNKNOWN",
  "DENIED",
  "DIGEST_INVALID",
  "MANIFEST_BLOB_UNKNOWN",
  "MANIFEST_INVALID",
  "MANIFEST_UNKNOWN",
  "NAME_INVALID",
  "NAME_UNKNOWN",
  "SIZE_INVALID",
  "TAG_INVALID",
  "TOOMANYREQUESTS",
  "UNAUTHORIZED",
  "UNSUPPORTED",
]);

/** The error as an answer. What went wrong inside stays inside: paths and stacks are not the client's. */
export function errorResponse(c: Context, error: SealiftError): Response {
  const code = SPEC_CODE[error.code] ?? error.code;
  const known = SPEC_CODES.has(code);
  const message = error.status < 500 ? error.message : insideReason(error);
  return specError(c, error.status as ContentfulStatusCode, known ? code : "UNKNOWN", message, error.hint);
}

/** 405: the path is right, the method is not. */
export function methodNotAllowed(...allowed: string[]): (c: Context) => Response {
  return (c) => {
    c.header("Allow", allowed.join(", "));
    return specError(c, 405, "UNSUPPORTED", `Cannot ${c.req.method} here: only ${allowed.join(", ")}`);
  };
}

/** 404 for what is no path of ours at all. */
export function noSuchPath(c: Context): Response {
  return specError(c, 404, "UNSUPPORTED", "Cannot find this path: it is not one of the registry's");
}

function insideReason(error: SealiftError): string {
  if (error.code === "NO_SPACE") return "Cannot store content: the registry has no space left";
  return "Cannot complete the request: the registry failed";
}

function specError(
  c: Context,
  status: ContentfulStatusCode,
  code: string,
  message: string,
  detail = "",
): Response {
  return c.json({ errors: [{ code, message, ...(detail && { detail }) }] }, status);
}
