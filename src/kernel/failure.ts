/** The failures both kernel engines report, so that a caller sees the same error from either. */
import { SealiftError } from "../error.ts";

/** Compressed data as it is called in messages. */
export type CompressedKind = "gzip" | "deflate";

export function gzipInvalid(kind: CompressedKind, reason: string, cause?: unknown): SealiftError {
  return new SealiftError("GZIP_INVALID", `Cannot decompress ${kind} data: ${reason}`, { cause });
}

export function gzipTruncated(kind: CompressedKind): SealiftError {
  return new SealiftError("GZIP_TRUNCATED", `Cannot decompress ${kind} data: it ends early`);
}

/** A bomb, or a limit set too low. */
export function outputLimit(kind: CompressedKind, limit: number): SealiftError {
  return new SealiftError(
    "LIMIT_EXCEEDED",
    `Cannot decompress ${kind} data: it unpacks to more than ${limit} bytes`,
  );
}

export function tarInvalid(verb: "read" | "write" | "change", reason: string): SealiftError {
  return new SealiftError("TAR_INVALID", `Cannot ${verb} tar header: ${reason}`);
}

/** A defect in the caller: a hasher or codec used after its end, or from inside its own `emit`. */
export function misuse(what: string): SealiftError {
  return new SealiftError("INTERNAL", `Cannot use ${what}`);
}
