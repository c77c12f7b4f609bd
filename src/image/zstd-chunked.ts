import type { Slices } from "../bytes/slices.ts";
import { type ByteStream, chunksOf, drain, streamFrom } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { unzstd } from "../compression/zstd.ts";
import { isSealiftError, SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import type { Digest } from "../oci/digest.ts";
import { MAX_TOC_SIZE } from "./toc.ts";
import { tocInvalid } from "./toc-entry.ts";
import type { Annotations, TocFormat, TocPlace, UnpackedToc } from "./toc-format.ts";

/** containers/storage since 2023, and before that and stargz-snapshotter to this day. */
const PREFIXES = ["io.github.containers.zstd-chunked.", "io.containers.zstd-chunked."];

/** `offset:length:uncompressed length:type`, of which 1 is the only type there is. */
const POSITION = /^(\d{1,15}):(\d{1,15}):(\d{1,15}):1$/;

/**
 * The layer's tar as zstd frames of which each file has its own, and behind it
 * the table in a frame to be skipped (containers/storage, pkg/chunked). The
 * footer says what the annotations say and is not read: no digest covers it.
 * Nor is tar-split, by which podman makes the tar of the files again.
 */
export const ZSTD_CHUNKED: TocFormat = {
  compression: "zstd",
  digestOf: (annotations) => annotationOf(annotations, "manifest-checksum"),
  async locate(_, annotations) {
    const { start, end } = positionOf(annotations);
    return { start, end };
  },
  unpack,
};

/** The digest is of the table as it is in the blob. */
async function unpack(
  packed: Slices,
  digest: Digest,
  kernels: Kernels,
  annotations: Annotations,
): Promise<UnpackedToc> {
  const { length } = positionOf(annotations);
  const checked = () => verified(packed.slice(), { digest, size: packed.size }, kernels, "table of contents");
  return { json: streamFrom(decoded(checked, length, kernels)) };
}

async function* decoded(checked: () => ByteStream, length: number, kernels: Kernels) {
  try {
    yield* ofLength(unzstd(checked(), kernels, { maxOutput: length }), length);
  } catch (error) {
    // A damaged table is more than one that was packed badly: its digest tells which it is.
    if (isSealiftError(error, "ZSTD_INVALID", "ZSTD_TRUNCATED", "LIMIT_EXCEEDED")) await drain(checked());
    throw error;
  }
}

async function* ofLength(json: ByteStream, length: number) {
  let size = 0;
  for await (const chunk of chunksOf(json)) {
    size += chunk.length;
    if (size > MAX_TOC_SIZE) {
      throw new SealiftError(
        "LIMIT_EXCEEDED",
        `Cannot read table of contents: it is larger than ${MAX_TOC_SIZE} bytes`,
      );
    }
    yield chunk;
  }
  if (size !== length) throw tocInvalid(`it has ${size} bytes, its annotation says ${length}`);
}

function positionOf(annotations: Annotations): TocPlace & { readonly length: number } {
  const position = annotationOf(annotations, "manifest-position") ?? "";
  const [, start, size, length] = (POSITION.exec(position) ?? []).map(Number);
  if (start === undefined || size === undefined || length === undefined) {
    throw tocInvalid(`its position is said to be ${JSON.stringify(position.slice(0, 100))}`);
  }
  return { start, end: start + size, length };
}

function annotationOf(annotations: Annotations, name: string): string | undefined {
  const [found] = PREFIXES.filter((prefix) => annotations[prefix + name] !== undefined);
  return found && annotations[found + name];
}
