/** A file that somebody brought: what it is, told by its content and not by its name. */
import type { Slices } from "../bytes/slices.ts";
import { chunksOf, collect } from "../bytes/stream.ts";
import { unreadFormat } from "../bytes/unread-format.ts";
import { ARCHIVE_LIMITS, decompress } from "../compression/decompress.ts";
import { compressionOf } from "../compression/sniff.ts";
import { isSealiftError, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { BUNDLE_TYPE } from "../layout/bundle-plan.ts";
import { sniffLayout } from "../layout/sniff.ts";
import { indexTar, type TarIndex } from "../tar/tar-index.ts";

export type ArchiveKind = "bundle" | "oci-archive" | "docker-save";

interface ArchiveBase {
  /** The tar, uncompressed. */
  readonly slices: Slices;
  /** Whether the file as it came was compressed as a whole. */
  readonly compressed: boolean;
  /** Gives back what was unpacked. */
  dispose(): Promise<void>;
}

export type ArchiveFile =
  | (ArchiveBase & { readonly kind: "bundle" })
  | (ArchiveBase & { readonly kind: "oci-archive" | "docker-save"; readonly files: TarIndex });

/**
 * Opens a bundle, an OCI archive or a docker-save archive, or one of these
 * compressed by gzip, which is unpacked into the spool. Throws LAYOUT_INVALID
 * for what is none of them, and as reading does.
 */
export async function openArchiveFile(source: Slices, host: Host): Promise<ArchiveFile> {
  const head = await headOf(source, LONGEST_MAGIC);
  if (compressionOf(head) === "none") return { ...(await recognise(source, host)), compressed: false };
  const { slices, dispose } = await unpack(source, host);
  try {
    return { ...(await recognise(slices, host)), compressed: true, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function recognise(slices: Slices, host: Host): Promise<ArchiveFile> {
  const base = { slices, compressed: false, dispose: async () => {} };
  if (await isBundle(slices)) return { ...base, kind: "bundle" };
  const files = await readIndex(slices, host);
  const kind = sniffLayout(files, "the file") === "docker-save" ? "docker-save" : "oci-archive";
  return { ...base, kind, files };
}

/** As much as holds a bundle's oci-layout, index.json and, for all but enormous ones, its root. */
const HEAD_SIZE = 256 * 1024;
/** Where the second header of a bundle stands: after oci-layout's header and its one block. */
const SECOND_HEADER = 1024;

/**
 * Whether it is, or was before someone changed it, a bundle. A damaged bundle
 * must be judged as one: taken for an OCI archive, whose index nothing vouches
 * for, it would only be unsigned. So no single byte decides: either of two
 * names in their places, and the type anywhere in the head.
 */
async function isBundle(slices: Slices): Promise<boolean> {
  const head = await headOf(slices, HEAD_SIZE);
  const text = new TextDecoder("latin1").decode(head);
  const inOrder = text.startsWith("oci-layout\0") || text.startsWith("index.json\0", SECOND_HEADER);
  return inOrder && text.includes(BUNDLE_TYPE);
}

/** One header, and one block of what it announces. */
const SMALLEST_TAR = 1024;

const NO_ARCHIVE = "is neither a bundle, nor an OCI archive, nor what docker save writes";
/** Bytes that tell the formats apart. */
const LONGEST_MAGIC = 6;

async function readIndex(slices: Slices, host: Host): Promise<TarIndex> {
  try {
    return await indexTar(slices, host.kernels);
  } catch (error) {
    const noTar = isSealiftError(error, "TAR_INVALID") || slices.size < SMALLEST_TAR;
    if (!noTar) throw error;
    const { is, hint = "" } = unreadFormat(await headOf(slices, LONGEST_MAGIC)) ?? { is: NO_ARCHIVE };
    throw new SealiftError("LAYOUT_INVALID", `Cannot read the file: it ${is}`, { cause: error, hint });
  }
}

function headOf(slices: Slices, length: number): Promise<Uint8Array> {
  return collect(slices.slice(0, Math.min(length, slices.size)), length, "file");
}

async function unpack(source: Slices, host: Host): Promise<{ slices: Slices; dispose(): Promise<void> }> {
  const slot = await host.spool.create();
  let size = 0;
  try {
    const unpacked = decompress(source.slice(), host.kernels, undefined, ARCHIVE_LIMITS);
    for await (const chunk of chunksOf(unpacked)) {
      await slot.write(chunk);
      size += chunk.length;
    }
    await slot.close();
  } catch (error) {
    await slot.dispose();
    throw error;
  }
  const slices: Slices = { size, slice: (start = 0, end = size) => slot.open(start, end) };
  return { slices, dispose: () => slot.dispose() };
}
