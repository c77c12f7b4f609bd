import type { Slices } from "../bytes/slices.ts";
import { isSealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Verdict } from "../trust/verdict.ts";
import { type ArchiveFile, openArchiveFile } from "./archive-file.ts";
import type { Examination } from "./examination.ts";
import { examineBundle, type VerifyOptions, verifyBundle } from "./verify.ts";
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
 * compressed by gzip or not. What is none of them, or was cut off before it
 * could be told, is judged as the bundle it should have been.
 */
export async function verifyFile(slices: Slices, host: Host, options: VerifyOptions = {}): Promise<Verdict> {
  const file = await recognised(slices, host);
  if (!file) return verifyBundle(slices, host, options);
  try {
    return (await examineFile(file, host)).verdict(options.keys ?? []);
  } finally {
    await file.dispose();
  }
}

async function recognised(slices: Slices, host: Host): Promise<ArchiveFile | undefined> {
  try {
    return await openArchiveFile(slices, host);
  } catch (error) {
    if (isSealiftError(error, "LAYOUT_INVALID", "TAR_INVALID", "TAR_TRUNCATED", "UNSAFE_PATH"))
      return undefined;
    throw error;
  }
}
