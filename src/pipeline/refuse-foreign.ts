import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { requireFiles } from "./require-files.ts";

/**
 * A root file system that stands in a folder is replaced as a whole. So that
 * nobody's own files go with it, the folder must be one of ours, which the file
 * `mark` tells, or have none of the `names`. Throws ALREADY_EXISTS.
 */
export async function refuseForeign(
  folder: string,
  names: readonly string[],
  mark: string,
  host: Host,
): Promise<void> {
  const files = requireFiles(host);
  if ((await files.kind(`${folder}/${mark}`)) !== "none") return;
  for (const name of names) {
    if ((await files.kind(`${folder}/${name}`)) === "none") continue;
    throw new SealiftError(
      "ALREADY_EXISTS",
      `Cannot write ${folder}: it has a ${name} that sealift did not write`,
      { hint: "Name a folder that is not there yet, or move what is in it." },
    );
  }
}
