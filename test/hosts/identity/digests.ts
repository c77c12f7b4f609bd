/**
 * The digests that must be the same on every host, for ever: each layer's tar
 * (its diff_id) and gzip after the filter, written in every way we have.
 * Web APIs only: each engine runs it as it is.
 */
import { contentOf, digestOf } from "../../../src/bytes/content.ts";
import { tapped } from "../../../src/bytes/progress.ts";
import { memorySpool } from "../../../src/bytes/spool.ts";
import { type ByteStream, chunksOf, collect, streamOf } from "../../../src/bytes/stream.ts";
import { gzip } from "../../../src/compression/gzip.ts";
import { normalizeTimestamps } from "../../../src/filter/normalize-timestamps.ts";
import type { Host } from "../../../src/host.ts";
import type { Image, Layer } from "../../../src/image/image.ts";
import { type OnePass, rewriteInOnePass } from "../../../src/image/one-pass.ts";
import { storedBlob } from "../../../src/image/stored-blob.ts";
import { storedLayer } from "../../../src/image/stored-layer.ts";
import { tarLayer } from "../../../src/image/tar-layer.ts";
import { GZIP_LEVEL, type GzipLevel, type Kernels } from "../../../src/kernel/kernels.ts";
import type { Pool } from "../../../src/kernel/pool.ts";
import { type Digest, formatDigest } from "../../../src/oci/digest.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { normaliseTimestamps } from "../../../src/tar/normalise-timestamps.ts";
import { randomNumbers } from "../../contract/kernels-data.ts";
import { chunked } from "../../unit/tar/raw.ts";
import { LAYERS } from "./layers.ts";

/** A layer as it was written. */
export interface Written {
  /** Of the uncompressed tar. */
  readonly diffId: Digest;
  readonly gzip: Digest;
}

/** What a layer is written with. */
export interface Tools {
  readonly kernels: Kernels;
  /** Pools by their number of workers; none where the host has no workers. */
  readonly pools?: ReadonlyMap<number, Pool>;
}

/** Filters and compresses a layer's tar; undefined for a level, or a number of workers, that there is not. */
export type Way = (tar: Uint8Array, level: GzipLevel, tools: Tools) => Promise<Written | undefined>;

/** The ways to write a layer. They differ in how the work is done; their bytes may not differ. */
export const WAYS: Readonly<Record<string, Way>> = {
  "in one chunk": (tar, level, { kernels }) => stepByStep(streamOf(tar), level, kernels),
  "in chunks of odd sizes": (tar, level, { kernels }) => stepByStep(chunked(tar, ODD_SIZES), level, kernels),
  "in random chunks": (tar, level, { kernels }) => stepByStep(chunked(tar, sizes(1)), level, kernels),
  "in other random chunks": (tar, level, { kernels }) => stepByStep(chunked(tar, sizes(2)), level, kernels),
  "with one worker": withWorkers(1),
  "with two workers": withWorkers(2),
  "with three workers": withWorkers(3),
  "with eight workers": withWorkers(8),
  "as an image's layer, step by step": asLayer({ stored: "gzip", onePass: false }),
  "as an image's layer, step by step with workers": asLayer({ stored: "gzip", onePass: false, workers: 2 }),
  "as an image's layer, in one pass from a tar": asLayer({ stored: "none", onePass: true }),
  "as an image's layer, in one pass from gzip": asLayer({ stored: "gzip", onePass: true }),
  "as an image's layer, in one pass with a worker": asLayer({ stored: "gzip", onePass: true, workers: 1 }),
  "as an image's layer, in one pass with workers": asLayer({ stored: "gzip", onePass: true, workers: 3 }),
};

/** How many workers the ways ask for. */
export const POOL_SIZES = [1, 2, 3, 8];

const ODD_SIZES = [1, 509, 65_521, 1_048_583];
const LEVELS: readonly GzipLevel[] = [1, 6, 9];
const TIMES = { seconds: 1_000_000_000, clamp: false };

/** Sizes of chunks, small and large ones as likely. */
function sizes(seed: number): readonly number[] {
  const next = randomNumbers(seed);
  return Array.from({ length: 50 }, () => 1 + next(2 ** (1 + next(20))));
}

/** Pools of the sizes that the ways ask for, their workers started. Throws where one does not start. */
export async function startPools(make: (size: number) => Pool): Promise<ReadonlyMap<number, Pool>> {
  const pools = new Map(POOL_SIZES.map((size) => [size, make(size)]));
  for (const [size, pool] of pools) {
    // The pool would do without, and this would prove nothing.
    if ((await pool.start()) !== size) throw new Error(`not all of ${size} workers started`);
  }
  return pools;
}

/** As `identityDigests`, with pools that `make` makes. */
export async function identityDigestsWithPools(
  kernels: Kernels,
  make: (size: number) => Pool,
): Promise<Record<string, string>> {
  const pools = await startPools(make);
  try {
    return await identityDigests({ kernels, pools });
  } finally {
    for (const pool of pools.values()) await pool.dispose();
  }
}

/** By layer and form. Where two ways disagree, what each of them wrote stands in the digest's place. */
export async function identityDigests(tools: Tools): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const [layer, make] of Object.entries(LAYERS)) {
    const tar = make();
    const found = new Map<string, Map<Digest, string[]>>();
    for (const level of LEVELS) {
      for (const [way, write] of Object.entries(WAYS)) {
        const written = await write(tar, level, tools);
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
async function stepByStep(
  tar: ByteStream,
  level: GzipLevel,
  kernels: Kernels,
  pool?: Pool,
): Promise<Written> {
  const diffId = kernels.hasher("sha256");
  const packed = kernels.hasher("sha256");
  const filtered = tapped(normaliseTimestamps(tar, kernels, TIMES), (chunk) => diffId.update(chunk));
  for await (const chunk of chunksOf(gzip(filtered, kernels, { level, pool }))) packed.update(chunk);
  return { diffId: formatDigest("sha256", diffId.digest()), gzip: formatDigest("sha256", packed.digest()) };
}

function withWorkers(size: number): Way {
  return async (tar, level, { kernels, pools }) => {
    const pool = pools?.get(size);
    return pool && stepByStep(chunked(tar, sizes(size)), level, kernels, pool);
  };
}

const SPOOL_LIMIT = 64 * 1024 * 1024;

interface LayerWay {
  /** How the layer lies there before it is filtered. */
  readonly stored: "none" | "gzip";
  readonly onePass: boolean;
  readonly workers?: number;
}

/** As `process` and the mirror write it: the filter on an image, the spool between. */
function asLayer({ stored, onePass, workers = 0 }: LayerWay): Way {
  return async (tar, level, { kernels, pools }) => {
    const pool = pools?.get(workers);
    if (level !== GZIP_LEVEL || (workers > 0 && !pool)) return undefined;
    const host = layerHost(onePass ? kernels : withoutRewriter(kernels), pool);
    const original = await layerOf(tar, stored, host);
    const image = { layers: [original] } as unknown as Image;
    const layer = normalizeTimestamps(TIMES).image(image, host).layers[0];
    const written = layer && { diffId: await layer.diffId(), gzip: (await layer.blob()).digest };
    await layer?.release();
    // What the filter does not change keeps the blob it came as, which was not written here.
    return stored === "gzip" && written?.gzip === (await original.blob()).digest ? undefined : written;
  };
}

function layerHost(kernels: Kernels, pool?: Pool): Host {
  return { kernels, pool, spool: memorySpool(SPOOL_LIMIT), log: () => {} } as unknown as Host;
}

function withoutRewriter({ rewriter: _, ...others }: Kernels): Kernels {
  return others;
}

async function layerOf(tar: Uint8Array, stored: "none" | "gzip", host: Host): Promise<Layer> {
  const { kernels } = host;
  if (stored === "none") return tarLayer(contentOf(kernels, tar), host);
  const blob = await collect(gzip(streamOf(tar), kernels, { level: 1 }), SPOOL_LIMIT);
  const descriptor = {
    mediaType: MEDIA_TYPE.ociLayerGzip,
    digest: digestOf(kernels, blob),
    size: blob.length,
  };
  const open = async () => chunked(blob, sizes(blob.length));
  const diffId = async () => digestOf(kernels, tar);
  return storedLayer({ blob: storedBlob(descriptor, { open }, host), diffId }, host);
}

/** The layers that the pass in one refuses, or has to: they would be written step by step, and nobody would know. */
export async function layersRefusedByOnePass(kernels: Kernels): Promise<readonly string[]> {
  const refused: string[] = [];
  const { rewriter } = kernels;
  if (!rewriter) throw new Error("the kernels have no rewriter");
  for (const [name, make] of Object.entries(LAYERS)) {
    const host = layerHost(kernels);
    const layer = await layerOf(make(), "gzip", host);
    const begin: OnePass = (pass) => rewriter({ ...pass, ...TIMES });
    const made = await rewriteInOnePass(layer, begin, "gzip", host, { onTar: () => {} });
    if (!made) refused.push(name);
    await made?.content.dispose();
    await layer.release();
  }
  return refused;
}
