/** The failures both kernel engines report, so that a caller sees the same error from either. */
import { SealiftError } from "../error.ts";

/** Compressed data as it is called in messages. */
export type CompressedKind = "gzip" | "deflate" | "zstd";

export function gzipInvalid(kind: CompressedKind, reason: string, cause?: unknown): SealiftError {
  return new SealiftError("GZIP_INVALID", `Cannot decompress ${kind} data: ${reason}`, { cause });
}

export function gzipTruncated(kind: CompressedKind): SealiftError {
  return new SealiftError("GZIP_TRUNCATED", `Cannot decompress ${kind} data: it ends early`);
}

export function zstdInvalid(reason: string): SealiftError {
  return new SealiftError("ZSTD_INVALID", `Cannot decompress zstd data: ${reason}`);
}

export function zstdTruncated(): SealiftError {
  return new SealiftError("ZSTD_TRUNCATED", "Cannot decompress zstd data: it ends early");
}

/** Memory that data asks for before any of it is there. */
export function windowLimit(window: number, limit: number): SealiftError {
  return new SealiftError(
    "LIMIT_EXCEEDED",
    `Cannot decompress zstd data: it needs a window of ${window} bytes, more than ${limit}`,
    { hint: "Compress it again without --ultra and --long." },
  );
}

/** A window within the limit that this host's memory does not hold. */
export function zstdMemory(): SealiftError {
  return new SealiftError("LIMIT_EXCEEDED", "Cannot decompress zstd data: there is too little memory here");
}

/** What a host was not given a module for. */
export function withoutZstd(verb: "decompress" | "compress to"): SealiftError {
  return new SealiftError("UNSUPPORTED", `Cannot ${verb} zstd: this host has no module that does it`, {
    hint: "Give the kernels the package's zstd modules, or use gzip.",
  });
}

/** A bomb, or a limit set too low. */
export function outputLimit(kind: CompressedKind, limit: number): SealiftError {
  return new SealiftError(
    "LIMIT_EXCEEDED",
    `Cannot decompress ${kind} data: it unpacks to more than ${limit} bytes`,
  );
}

/** A bomb, in all likelihood: DEFLATE itself allows 1032 to 1, and only one byte repeated comes near. */
export function ratioLimit(kind: CompressedKind, limit: number): SealiftError {
  return new SealiftError(
    "LIMIT_EXCEEDED",
    `Cannot decompress ${kind} data: it unpacks to more than ${limit} times its size`,
    { hint: "This is what a decompression bomb does. If you trust it, unpack it with gunzip first." },
  );
}

export function tarInvalid(verb: "read" | "write" | "change", reason: string): SealiftError {
  return new SealiftError("TAR_INVALID", `Cannot ${verb} tar header: ${reason}`);
}

/** Input that a rewrite in one pass leaves to the kernels it is made of, for them to do or to refuse. */
export class RewriteRefused extends Error {
  override readonly name = "RewriteRefused";
}

/** A defect in the caller: a hasher or codec used after its end, or from inside its own `emit`. */
export function misuse(what: string): SealiftError {
  return new SealiftError("INTERNAL", `Cannot use ${what}`);
}
