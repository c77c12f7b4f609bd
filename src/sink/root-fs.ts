import type { FilesWriter } from "../bytes/files.ts";
import type { RootFsWriter } from "../bytes/root-fs.ts";
import { SealiftError } from "../error.ts";

/** A new root file system in the folder. Throws UNSUPPORTED where the host makes none. */
export function newRootFs(writer: FilesWriter, name: string): Promise<RootFsWriter> {
  if (writer.rootFs) return writer.rootFs(name);
  throw new SealiftError(
    "UNSUPPORTED",
    `Cannot unpack ${name}: this host keeps no owners, modes and links of files`,
  );
}
