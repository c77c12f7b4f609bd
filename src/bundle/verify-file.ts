import type { Slices } from "../bytes/slices.ts";
import type { Host } from "../host.ts";
import type { Verdict } from "../trust/verdict.ts";
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
 * compressed by gzip or not. Throws LAYOUT_INVALID for what is none of them.
 */
export async function verifyFile(slices: Slices, host: Host, options: VerifyOptions = {}): Promise<Verdict> {
  const file = await openArchiveFile(slices, host);
  try {
    return (await examineFile(file, host)).verdict(options.keys ?? []);
  } finally {
    await file.dispose();
  }
}
