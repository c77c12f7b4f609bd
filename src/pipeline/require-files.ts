import type { FileSystem } from "../bytes/files.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";

/** The host's files. Throws UNSUPPORTED where there are none. */
export function requireFiles(host: Host): FileSystem {
  if (host.files) return host.files;
  throw new SealiftError("UNSUPPORTED", "Cannot use paths: this host has no file system");
}
