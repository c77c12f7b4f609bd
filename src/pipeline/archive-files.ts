import type { FileSystem, Files } from "../bytes/files.ts";
import { type ByteStream, collect } from "../bytes/stream.ts";
import { ARCHIVE_LIMITS, decompress } from "../compression/decompress.ts";
import { compressionOf } from "../compression/sniff.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { spoolTar } from "../tar/spool-tar.ts";
import { indexTar } from "../tar/tar-index.ts";

/**
 * The files of an archive at a path: read in place, or spooled first where it
 * cannot be (`-`, standard input, or an archive compressed as a whole).
 */
export async function archiveFiles(path: string, host: Host): Promise<Files> {
  const files = requireFiles(host);
  const unpacked = (stream: ByteStream) => decompress(stream, host.kernels, undefined, ARCHIVE_LIMITS);
  if (path === "-") return spoolTar(unpacked(await files.stream(path)), host.spool, host.kernels);
  const slices = await files.open(path);
  const head = await collect(slices.slice(0, Math.min(4, slices.size)), 4, path);
  if (compressionOf(head) === "none") return indexTar(slices, host.kernels);
  return spoolTar(unpacked(slices.slice()), host.spool, host.kernels);
}

/** The host's files. Throws UNSUPPORTED where there are none. */
export function requireFiles(host: Host): FileSystem {
  if (host.files) return host.files;
  throw new SealiftError("UNSUPPORTED", "Cannot use paths: this host has no file system");
}
