import * as v from "valibot";
import { collect } from "../bytes/stream.ts";
import { type ErrorCode, type ErrorOptions, SealiftError } from "../error.ts";
import type { FetchResponse } from "../host.ts";

/** How much of an error's body is read, in bytes. */
const MAX_ERROR_BODY = 64 * 1024;
/** How much of a registry's own words is repeated, in characters. */
const MAX_QUOTE = 300;

/** A failure that may pass if the request is made again. */
export class TransientError extends SealiftError {
  /** Milliseconds the registry asks us to wait (Retry-After). */
  readonly retryAfter: number | undefined;
  /** It took a long silence to find out. */
  readonly silent: boolean;

  constructor(
    code: ErrorCode,
    message: string,
    options: ErrorOptions & { retryAfter?: number; silent?: boolean } = {},
  ) {
    super(code, message, options);
    this.retryAfter = options.retryAfter;
    this.silent = options.silent ?? false;
  }
}

const TRANSIENT_STATUS = [408, 429, 500, 502, 503, 504];

const STATUS_CODE: Readonly<Record<number, ErrorCode>> = {
  401: "UNAUTHORIZED",
  403: "DENIED",
  404: "NOT_FOUND",
  408: "UNREACHABLE",
  413: "LIMIT_EXCEEDED",
  416: "RANGE_INVALID",
  429: "RATE_LIMITED",
};

/** Whose own hints are to log in, or as somebody else. */
const ABOUT_CREDENTIALS: readonly ErrorCode[] = ["UNAUTHORIZED", "DENIED", "RATE_LIMITED"];

/** distribution-spec "Error Codes", in this project's terms. */
const SPEC_CODE: Readonly<Record<string, ErrorCode>> = {
  BLOB_UNKNOWN: "BLOB_UNKNOWN",
  BLOB_UPLOAD_INVALID: "BLOB_UPLOAD_INVALID",
  BLOB_UPLOAD_UNKNOWN: "BLOB_UPLOAD_UNKNOWN",
  DIGEST_INVALID: "DIGEST_MISMATCH",
  MANIFEST_BLOB_UNKNOWN: "MANIFEST_BLOB_UNKNOWN",
  MANIFEST_INVALID: "MANIFEST_INVALID",
  MANIFEST_UNKNOWN: "MANIFEST_UNKNOWN",
  NAME_INVALID: "NAME_INVALID",
  NAME_UNKNOWN: "NAME_UNKNOWN",
  SIZE_INVALID: "SIZE_MISMATCH",
  TAG_INVALID: "TAG_INVALID",
  RANGE_INVALID: "RANGE_INVALID",
  UNSUPPORTED: "UNSUPPORTED",
};

export interface FailureContext {
  /** `<verb> <thing>`, for "Cannot …". */
  readonly what: string;
  /** Who answered, where it is not the registry itself. */
  readonly who?: string;
  /** Who sent us on to them: no login of ours went there, and none is to blame. */
  readonly sentBy?: string;
  /** The code for a 404 that does not say what is missing. */
  readonly missing?: ErrorCode | undefined;
  /** Where the credentials tried came from. */
  readonly tried?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The error an unwanted answer stands for; reads what the registry says about it. */
export async function failureOf(response: FetchResponse, context: FailureContext): Promise<SealiftError> {
  const said = (await registryErrors(response)).map(withoutToken);
  const code = codeOf(response.status, said, context);
  const words = said.map(({ code, message }) => quote([code, message].filter(Boolean).join(": ")));
  const message = [
    `Cannot ${context.what}: ${context.who ?? "the registry"} answered ${response.status}`,
    words.length > 0 ? ` (${words.slice(0, 3).join("; ")})` : "",
    [401, 403].includes(response.status) && !context.sentBy ? triedText(context.tried ?? []) : "",
  ].join("");
  const hint = hintFor(response.status, code, context);
  if (!TRANSIENT_STATUS.includes(response.status)) return new SealiftError(code, message, hint);
  const retryAfter = parseRetryAfter(response.headers.get("retry-after"), context.now);
  return new TransientError(code, message, { ...hint, ...(retryAfter !== undefined && { retryAfter }) });
}

/** Some registries repeat what they were sent; what opens them is not for the screen. */
function withoutToken({ code, message }: RegistryError): RegistryError {
  return { code, message: message?.replace(/\b(Basic|Bearer)\s+[\w+/.=~-]{4,}/gi, "$1 …") };
}

/** A registry's text made fit for a terminal: no control or direction characters, not endless. */
export function quote(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return clean.length > MAX_QUOTE ? `${clean.slice(0, MAX_QUOTE)}…` : clean;
}

/** RFC 9110 "Retry-After": seconds or a date. Milliseconds from `now`. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

// The status outranks the body: only a 4xx may name a code, so that a broken server's page cannot.
function codeOf(status: number, said: readonly RegistryError[], context: FailureContext): ErrorCode {
  const byStatus = STATUS_CODE[status] ?? "REGISTRY_ERROR";
  if (status < 400 || status > 499 || status === 401 || status === 403 || status === 429) return byStatus;
  for (const { code } of said) {
    const known = code === undefined ? undefined : SPEC_CODE[code];
    if (known) return known;
  }
  return status === 404 ? (context.missing ?? byStatus) : byStatus;
}

function hintFor(status: number, code: ErrorCode, context: FailureContext): { readonly hint?: string } {
  // Often a proxy's limit: what it is, nothing tells.
  if (status === 413)
    return { hint: "Something on the way takes no request of this size; try --chunk-size 10MB." };
  return ABOUT_CREDENTIALS.includes(code) ? hintElsewhere(context) : {};
}

function hintElsewhere({ who, sentBy }: FailureContext): { readonly hint?: string } {
  if (!sentBy) return {};
  const hint =
    `${sentBy} sends its clients on to ${who}, by addresses that hold for a while: try again. ` +
    `If it stays so, something on the way refuses that host, or the owner of ${sentBy} has to know.`;
  return { hint };
}

function triedText(tried: readonly string[]): string {
  return tried.length > 0 ? `; tried credentials from ${tried.join(", ")}` : "; no credentials were sent";
}

interface RegistryError {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

const errorsSchema = v.object({
  errors: v.array(
    v.object({
      code: v.optional(v.fallback(v.string(), "")),
      message: v.optional(v.fallback(v.string(), "")),
    }),
  ),
});

async function registryErrors(response: FetchResponse): Promise<readonly RegistryError[]> {
  if (!response.body) return [];
  try {
    const bytes = await collect(response.body, MAX_ERROR_BODY);
    const result = v.safeParse(errorsSchema, JSON.parse(new TextDecoder().decode(bytes)));
    return result.success ? result.output.errors : [];
  } catch {
    // The status alone has to do: the body is not JSON, too long, or broke off.
    return [];
  }
}
