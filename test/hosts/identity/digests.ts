/**
 * The digests that must be the same on every host, for ever: each layer's tar
 * (its diff_id) and gzip after the filter, written in every way we have.
 * Web APIs only: each engine runs it as it is.
 */
import { contentOf } from "../../../src/bytes/content.ts";
import { tapped } from "../../../src/bytes/progress.ts";
import { memorySpool } from "../../../src/bytes/spool.ts";
import { type ByteStream, chunksOf, streamOf } from "../../../src/bytes/stream.ts";
import { transcode } from "../../../src/compression/transcode.ts";
import { normalizeTimestamps } from "../../../src/filter/normalize-timestamps.ts";
import type { Host } from "../../../src/host.ts";
import type { Image } from "../../../src/image/image.ts";
import { tarLayer } from "../../../src/image/tar-layer.ts";
import { GZIP_CHUNK_SIZE, GZIP_LEVEL, type GzipLevel, type Kernels } from "../../../src/kernel/kernels.ts";
import { type Digest, formatDigest } from "../../../src/oci/digest.ts";
import { normaliseTimestamps } from "../../../src/tar/normalise-timestamps.ts";
import { chunked } from "../../unit/tar/raw.ts";
import { LAYERS } from "./layers.ts";

/** A layer as it was written. */
export interface Written {
  /** Of the uncompressed tar. */
  readonly diffId: Digest;
  readonly gzip: Digest;
}

/** Filters and compresses a layer's tar; undefined for a level that this way does not have. */
export type Way = (tar: Uint8Array, level: GzipLevel, kernels: Kernels) => Promise<Written | undefined>;

/** The ways to write a layer. They differ in how the work is done; their bytes may not differ. */
export const WAYS: Readonly<Record<string, Way>> = {
  "in one chunk": (tar, level, kernels) => inOnePass(streamOf(tar), level, kernels),
  "in chunks of odd sizes": (tar, level, kernels) => inOnePass(chunked(tar, ODD_SIZES), level, kernels),
  "as an image's layer": asImageLayer,
};

const ODD_SIZES = [1, 509, 65_521, 1_048_583];
const LEVELS: readonly GzipLevel[] = [1, 6, 9];
const TIMES = { seconds: 1_000_000_000, clamp: false };

/** By layer and form. Where two ways disagree, what each of them wrote stands in the digest's place. */
export async function identityDigests(
  kernels: Kernels,
  ways: Readonly<Record<string, Way>> = WAYS,
): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const [layer, make] of Object.entries(LAYERS)) {
    const tar = make();
    const found = new Map<string, Map<Digest, string[]>>();
    for (const level of LEVELS) {
      for (const [way, write] of Object.entries(ways)) {
        const written = await write(tar, level, kernels);
        if (!written) continue;
        note(found, `${layer}: tar`, written.diffId, way);
        note(found, `${layer}: gzip ${level}`, written.gzip, way);
      }
    }
    for (const [form, byDigest] of found) digests[form] = agreed(byDigest);
  }
  return digests;
}

function note(found: Map<string, Map<Digest, string[]>>, form: string, digest: Digest, way: string): void {
  const byDigest = found.get(form) ?? new Map<Digest, string[]>();
  found.set(form, byDigest.set(digest, [...(byDigest.get(digest) ?? []), way]));
}

function agreed(byDigest: ReadonlyMap<Digest, readonly string[]>): string {
  const [first, ...others] = [...byDigest];
  if (first && others.length === 0) return first[0];
  return [...byDigest].map(([digest, ways]) => `${[...new Set(ways)].join(", ")}: ${digest}`).join("; ");
}

/** Filter and compressor in a row; both digests are taken as the bytes pass. */
async function inOnePass(tar: ByteStream, level: GzipLevel, kernels: Kernels): Promise<Written> {
  const diffId = kernels.hasher("sha256");
  const gzip = kernels.hasher("sha256");
  const filtered = tapped(normaliseTimestamps(tar, kernels, TIMES), (chunk) => diffId.update(chunk));
  const packed = transcode(filtered, () => kernels.gzip({ level }), GZIP_CHUNK_SIZE);
  for await (const chunk of chunksOf(packed)) gzip.update(chunk);
  return { diffId: formatDigest("sha256", diffId.digest()), gzip: formatDigest("sha256", gzip.digest()) };
}

const SPOOL_LIMIT = 64 * 1024 * 1024;

/** As `process` and the mirror write it: the filter on an image, the spool between. */
async function asImageLayer(
  tar: Uint8Array,
  level: GzipLevel,
  kernels: Kernels,
): Promise<Written | undefined> {
  if (level !== GZIP_LEVEL) return undefined;
  const host = { kernels, spool: memorySpool(SPOOL_LIMIT), log: () => {} } as unknown as Host;
  const image = { layers: [tarLayer(contentOf(kernels, tar), host)] } as unknown as Image;
  const layer = normalizeTimestamps(TIMES).image(image, host).layers[0];
  const written = layer && { diffId: await layer.diffId(), gzip: (await layer.blob()).digest };
  await layer?.release();
  return written;
}
