import type { Files } from "../bytes/files.ts";
import type { Slices } from "../bytes/slices.ts";
import { type ByteStream, collect } from "../bytes/stream.ts";
import { ARCHIVE_LIMITS, decompress } from "../compression/decompress.ts";
import { compressionOf } from "../compression/sniff.ts";
import type { Host } from "../host.ts";
import { isHttpUrl, openHttpFile, shownPath } from "../source/http-file.ts";
import { spoolTar } from "../tar/spool-tar.ts";
import { indexTar } from "../tar/tar-index.ts";
import { requireFiles } from "./require-files.ts";

/**
 * The files of an archive at a path or an address: read in place, or spooled
 * first where it cannot be (`-`, standard input; an archive compressed as a
 * whole; a server without HTTP Range).
 */
export async function archiveFiles(path: string, host: Host, insecure = false): Promise<Files> {
  if (isHttpUrl(path)) return remoteArchiveFiles(path, host, insecure);
  const files = requireFiles(host);
  if (path === "-") return spooledFiles(await files.stream(path), host);
  return slicesFiles(await files.open(path), path, host);
}

async function remoteArchiveFiles(address: string, host: Host, insecure: boolean): Promise<Files> {
  const file = await openHttpFile(address, host, insecure);
  if (file.kind === "slices") return slicesFiles(file.slices, shownPath(address), host);
  host.log({ type: "info", message: "The server knows no ranges: the archive is downloaded whole" });
  return spooledFiles(file.stream, host);
}

async function slicesFiles(slices: Slices, what: string, host: Host): Promise<Files> {
  const head = await collect(slices.slice(0, Math.min(4, slices.size)), 4, what);
  if (compressionOf(head) === "none") return indexTar(slices, host.kernels);
  return spooledFiles(slices.slice(), host);
}

function spooledFiles(stream: ByteStream, { kernels, spool }: Host): Promise<Files> {
  return spoolTar(decompress(stream, kernels, undefined, ARCHIVE_LIMITS), spool, kernels);
}
