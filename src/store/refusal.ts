/** What every store says no to, in the same words. */
import { SealiftError } from "../error.ts";
import type { Digest } from "../oci/digest.ts";

/** The repository does not have the blob, or no longer. */
export function blobUnknown(digest: Digest): SealiftError {
  return new SealiftError("BLOB_UNKNOWN", `Cannot read blob ${digest}: the repository does not have it`);
}

/** The upload never was, is finished, was cancelled or is of another repository. */
export function uploadUnknown(id: string): SealiftError {
  return new SealiftError("BLOB_UPLOAD_UNKNOWN", `Cannot use upload ${id}: there is no such upload`);
}

/** The bytes do not follow on those received; nothing was written. */
export function wrongOffset(given: number, received: number): SealiftError {
  return new SealiftError(
    "RANGE_INVALID",
    `Cannot append at ${given}: the upload has received ${received} bytes`,
  );
}

/** Two writers at one place would mix their bytes; nothing was written. */
export function uploadBusy(id: string): SealiftError {
  return new SealiftError("RANGE_INVALID", `Cannot append to upload ${id}: another request is writing to it`);
}

/** What was uploaded is not what the client said; the upload is dropped. */
export function wrongContent(expected: Digest, actual: Digest): SealiftError {
  return new SealiftError(
    "DIGEST_MISMATCH",
    `Cannot store blob ${expected}: the content's digest is ${actual}`,
  );
}
