import { type ByteStream, chunksOf, streamFrom } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { InflateOptions, Kernels } from "../kernel/kernels.ts";
import type { Compression } from "../oci/media-type.ts";
import { gunzip } from "./gzip.ts";
import { sniffCompression } from "./sniff.ts";
import { unzstd } from "./zstd.ts";

const READERS = { none: (stream: ByteStream) => stream, gzip: gunzip, zstd: unzstd };

/**
 * How far an archive that is compressed as a whole may unpack into the spool. A
 * layer has no such limit: it streams, and one of zeros unpacks to a thousand times
 * its size. An archive would have to begin with a gigabyte of them to be refused,
 * and a bomb of a few megabytes is, before it fills a laptop's disk.
 */
export const ARCHIVE_LIMITS: InflateOptions = { maxRatio: 250, ratioFloor: 1 << 30 };

/**
 * The content without its compression, which its first bytes tell. Fails with
 * MANIFEST_INVALID if they contradict what its media type `declared`: other
 * readers go by the media type and would see other content. Of gzip the `limits`
 * hold, beyond which it fails with LIMIT_EXCEEDED.
 */
export function decompress(
  stream: ByteStream,
  kernels: Kernels,
  declared?: Compression,
  limits?: InflateOptions,
): ByteStream {
  return streamFrom(decompressed(stream, kernels, declared, limits), (reason) => stream.cancel(reason));
}

async function* decompressed(
  stream: ByteStream,
  kernels: Kernels,
  declared: Compression | undefined,
  limits: InflateOptions | undefined,
) {
  const sniffed = await sniffCompression(stream);
  const refusal = refusalOf(sniffed.compression, declared);
  if (refusal) {
    await sniffed.stream.cancel(refusal);
    throw refusal;
  }
  yield* chunksOf(READERS[sniffed.compression](sniffed.stream, kernels, limits));
}

function refusalOf(actual: Compression, declared: Compression | undefined): SealiftError | undefined {
  if (declared === undefined || declared === actual) return undefined;
  const name = { none: "not compressed", gzip: "gzip", zstd: "zstd" };
  return new SealiftError(
    "MANIFEST_INVALID",
    `Cannot decompress content: its media type says ${name[declared]}, its first bytes say ${name[actual]}`,
  );
}
