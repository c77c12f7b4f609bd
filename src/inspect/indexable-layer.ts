import { type IndexSink, indexingPieces, openPieces } from "../bytes/piece-index.ts";
import type { Slices } from "../bytes/slices.ts";
import type { ByteStream } from "../bytes/stream.ts";
import { gunzipIndexing } from "../compression/gzip-indexer.ts";
import { openIndexedGzip } from "../compression/indexed-gzip.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Layer } from "../image/image.ts";
import type { Kernels } from "../kernel/kernels.ts";
import type { Digest } from "../oci/digest.ts";
import { declaredCompression } from "../oci/media-type.ts";

/** A layer of which an index can be kept: it lies where parts of it can be read. */
export interface IndexableLayer {
  /** What the index is kept by. */
  readonly digest: Digest;
  /** The layer's tar, its index written on the way; to be checked by the caller. */
  read(sink: IndexSink): Promise<ByteStream>;
  /** The tar from any offset, checked by the index. Fails where that is of something else or damaged. */
  open(index: Slices): Promise<Slices>;
}

/** The layer as an index is kept of it: gzip or a plain tar; undefined where there is none to be made. */
export async function indexableLayer(layer: Layer, { kernels }: Host): Promise<IndexableLayer | undefined> {
  if (layer.tarSlices) return plainLayer(await layer.diffId(), layer.tarSlices, kernels);
  if (!layer.isStored || declaredCompression(layer.mediaType) !== "gzip") return undefined;
  return gzipLayer(layer, kernels);
}

function plainLayer(digest: Digest, tar: Slices, kernels: Kernels): IndexableLayer {
  return {
    digest,
    read: async (sink) => indexingPieces(tar.slice(), sink, kernels),
    open: (index) => openPieces(index, tar, kernels),
  };
}

async function gzipLayer(layer: Layer, kernels: Kernels): Promise<IndexableLayer | undefined> {
  if (!kernels.gunzipWithPoints || !kernels.gunzipFrom) return undefined;
  const blob = await layer.blob();
  const { slices } = blob;
  if (!slices) return undefined;
  const diffId = await layer.diffId();
  return {
    digest: blob.digest,
    read: async (sink) => gunzipIndexing(await blob.open(), { blob, diffId }, sink, kernels),
    async open(index) {
      const tar = await openIndexedGzip(index, slices, kernels);
      if (tar.blob.digest === blob.digest && tar.content.digest === diffId) return tar;
      throw new SealiftError("DIGEST_MISMATCH", "Cannot read by index: it is of another layer");
    },
  };
}
