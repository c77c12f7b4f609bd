/**
 * The one error type and the one table behind it: what a code means to a
 * shell (exit), to an HTTP client (status) and to a person (hint).
 */

interface ErrorRow {
  /** Process exit code: 1 failed, 2 usage, 3 not verified, 4 refused by policy, 5 not found/unreachable/unauthorised, 130 interrupted. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 130;
  /** HTTP status when the error reaches a client of the mirror. */
  readonly status: number;
  /** What to try next; empty where the message already says it. */
  readonly hint: string;
}

const row = (exit: ErrorRow["exit"], status: number, hint = ""): ErrorRow => ({
  exit,
  status,
  hint,
});

export const ERRORS = {
  // Running
  INTERNAL: row(1, 500, "This is a defect in sealift; please report it with the command you ran."),
  ABORTED: row(130, 499),
  IO: row(1, 500),
  NO_SPACE: row(1, 507, "Free some space there, or write to a larger disk."),
  ALREADY_EXISTS: row(1, 409, "Choose another name, or pass --force to replace it."),
  ADDRESS_IN_USE: row(1, 500, "Stop the program that has it, or choose another with --listen HOST:PORT."),
  LIMIT_EXCEEDED: row(1, 413),
  UNSUPPORTED: row(1, 400),
  // Usage
  USAGE: row(2, 400, "Run the command with --help to see what it takes."),
  URI_INVALID: row(2, 400, "A URI looks like oci-archive://app.tar; `sealift help schemes` has them all."),
  REFERENCE_INVALID: row(2, 400, "A reference looks like host[:port]/repository[:tag][@digest]."),
  // Archives and encodings that cannot be read
  TAR_INVALID: row(1, 400),
  TAR_TRUNCATED: row(1, 400, "The file ends early; copy or download it again."),
  GZIP_INVALID: row(1, 400),
  GZIP_TRUNCATED: row(1, 400, "The data ends early; copy or download it again."),
  ZSTD_INVALID: row(1, 400),
  ZSTD_TRUNCATED: row(1, 400, "The data ends early; copy or download it again."),
  LAYOUT_INVALID: row(1, 400),
  JSON_INVALID: row(1, 400),
  MANIFEST_INVALID: row(1, 400),
  CONFIG_INVALID: row(1, 400),
  UNSAFE_PATH: row(1, 400, "The archive tries to write outside the folder it is opened in."),
  DEFINITION_INVALID: row(1, 400, "See `sealift bundle build --help` for what a manifest file holds."),
  // Verification
  DIGEST_INVALID: row(1, 400, "A digest looks like sha256:<64 lower-case hex digits>."),
  DIGEST_MISMATCH: row(3, 400, "The content was changed or damaged; fetch it again from its origin."),
  SIZE_MISMATCH: row(3, 400, "The content was changed or damaged; fetch it again from its origin."),
  VERIFICATION_FAILED: row(3, 400),
  BUNDLE_INVALID: row(3, 400),
  SIGNATURE_INVALID: row(3, 400),
  KEY_INVALID: row(1, 400, "Keys are PEM files as cosign and `sealift key generate` write them."),
  POLICY_REFUSED: row(4, 403),
  // Remote
  NOT_FOUND: row(5, 404),
  PLATFORM_NOT_FOUND: row(5, 404, "Pick one of the listed platforms with ?os=…&arch=…&variant=…."),
  UNREACHABLE: row(5, 502, "Check the address, the network and any proxy."),
  UNAUTHORIZED: row(5, 401, "Give credentials by flag, environment or docker's config file."),
  DENIED: row(5, 403, "These credentials may not do this; use others or ask the registry's owner."),
  RATE_LIMITED: row(5, 429, "Wait, or log in to get a larger quota."),
  REGISTRY_ERROR: row(1, 502),
  DAEMON_ERROR: row(1, 502),
  // A registry's own answers (distribution-spec, "Error Codes")
  BLOB_UNKNOWN: row(5, 404),
  BLOB_UPLOAD_INVALID: row(1, 400),
  BLOB_UPLOAD_UNKNOWN: row(5, 404),
  MANIFEST_UNKNOWN: row(5, 404),
  MANIFEST_BLOB_UNKNOWN: row(1, 404),
  NAME_INVALID: row(2, 400),
  NAME_UNKNOWN: row(5, 404),
  TAG_INVALID: row(2, 400),
  RANGE_INVALID: row(1, 416),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** Replaces the table's hint where the place knows better. */
  readonly hint?: string;
}

/** An expected failure. The message has the form `Cannot <verb> <thing>: <reason>`. */
export class SealiftError extends Error {
  override readonly name = "SealiftError";
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? ERRORS[code].hint;
  }

  get exitCode(): number {
    return ERRORS[this.code].exit;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** True for a SealiftError, of the given code if one is named. */
export function isSealiftError(error: unknown, ...codes: ErrorCode[]): error is SealiftError {
  return error instanceof SealiftError && (codes.length === 0 || codes.includes(error.code));
}

/** The error's own message, without its class name; for embedding as a reason. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error's reason without its `Cannot <verb> <thing>:`, where the place it goes to says that itself. */
export function bareReasonOf(error: unknown): string {
  return reasonOf(error).replace(/^Cannot .*?: /s, "");
}

/** A count and what is counted, for messages: `1 layer`, `2 layers`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
