import { type ErrorCode, isSealiftError, reasonOf, SealiftError } from "../../src/error.ts";

/** What the operating system's error names mean to us; all others are IO with the system's own words. */
const MEANING: Readonly<Record<string, readonly [code: ErrorCode, reason: string, hint?: string]>> = {
  ENOENT: ["NOT_FOUND", "no such file or folder"],
  ENOTDIR: ["NOT_FOUND", "a part of its path is not a folder"],
  EACCES: ["IO", "permission denied"],
  EPERM: ["IO", "permission denied"],
  EROFS: ["IO", "the disk is read-only"],
  EISDIR: ["IO", "it is a folder"],
  EEXIST: ["ALREADY_EXISTS", "it exists already"],
  ENOTEMPTY: ["ALREADY_EXISTS", "the folder is not empty"],
  ELOOP: ["IO", "it is a link, or there are too many links on the way"],
  ENAMETOOLONG: ["IO", "its name is too long for this disk"],
  EMFILE: ["IO", "too many files are open (see ulimit -n)"],
  EFBIG: [
    "NO_SPACE",
    "the disk takes no file of this size",
    "FAT32 takes none of 4 GiB; `ulimit -f` may set less.",
  ],
  EDQUOT: ["NO_SPACE", "the disk quota is used up"],
  ENOSPC: ["NO_SPACE", "no space left on the disk"],
};

/** Turns a failed file operation into `Cannot <verb> <thing>: <reason>`; an error that is ours already stays. */
export function fileError(cause: unknown, verb: string, path: string): SealiftError {
  if (isSealiftError(cause)) return cause;
  const [code, reason, hint] = MEANING[errorName(cause)] ?? ["IO", reasonOf(cause)];
  return new SealiftError(code, `Cannot ${verb} ${path}: ${reason}`, { cause, ...(hint && { hint }) });
}

/** Runs a file operation, with its failure put in our words. */
export async function filing<T>(verb: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw fileError(cause, verb, path);
  }
}

/** As {@link filing}, for what may lie on another disk than what it is made for. */
export async function filingTemporary<T>(verb: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await filing(verb, path, work);
  } catch (error) {
    if (!isSealiftError(error, "NO_SPACE") || !isSystemError(error.cause, "ENOSPC", "EDQUOT")) throw error;
    throw new SealiftError(error.code, error.message, { cause: error.cause, hint: TEMPORARY_HINT });
  }
}

const TEMPORARY_HINT =
  "Free some space, or name a folder on a larger disk in TMPDIR (or --temp-dir, which comes first).";

/** Whether the system gave one of these names (`ENOENT`, …) to the error. */
export function isSystemError(error: unknown, ...names: string[]): boolean {
  return names.includes(errorName(error));
}

function errorName(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
