import type { Slices } from "../bytes/slices.ts";
import { isSealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Verdict } from "../trust/verdict.ts";
import { VerdictBuilder } from "../trust/verdict-builder.ts";
import { type ArchiveFile, openArchiveFile } from "./archive-file.ts";
import type { Examination } from "./examination.ts";
import { examineBundle, type VerifyOptions } from "./verify.ts";
import { examineDockerSave } from "./verify-docker-save.ts";
import { examineOciArchive } from "./verify-oci-archive.ts";

/** Reads and checks the content of whatever the file is; keys are asked of the examination. */
export function examineFile(file: ArchiveFile, host: Host): Promise<Examination> {
  if (file.kind === "bundle") return examineBundle(file.slices, host);
  return file.kind === "docker-save"
    ? examineDockerSave(file.files, host)
    : examineOciArchive(file.files, host);
}

/**
 * The verdict on a file: a bundle, an OCI archive or a docker-save archive,
 * compressed by gzip or not. Throws only where the file cannot be read at all.
 */
export async function verifyFile(slices: Slices, host: Host, options: VerifyOptions = {}): Promise<Verdict> {
  let file: ArchiveFile;
  try {
    file = await openArchiveFile(slices, host);
  } catch (error) {
    return verdictOnRefused(error);
  }
  try {
    return (await examineFile(file, host)).verdict(options.keys ?? []);
  } finally {
    await file.dispose();
  }
}

/** What `openArchiveFile` throws for a file that is no archive, or was cut off or damaged before it could be told. */
const REFUSALS = [
  "LAYOUT_INVALID",
  "TAR_INVALID",
  "TAR_TRUNCATED",
  "UNSAFE_PATH",
  "GZIP_INVALID",
  "GZIP_TRUNCATED",
] as const;

/** The verdict, for any keys, on a file that could not be opened for what it is. Throws every other error again. */
export function verdictOnRefused(error: unknown): Verdict {
  if (!isSealiftError(error, ...REFUSALS)) throw error;
  const verdict = new VerdictBuilder({ signatureRequired: false });
  verdict.fail("layout", "archive", error.message.replace(/^Cannot read the file: /, ""));
  return verdict.finish();
}
