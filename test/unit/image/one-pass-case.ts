/** Layers to rewrite in one pass, and hosts that tell what was done and what is held. */
import { gzipSync } from "node:zlib";
import { loadKernels } from "../../../cli/host/kernels.ts";
import { contentOf, digestOf } from "../../../src/bytes/content.ts";
import type { Spool } from "../../../src/bytes/spool.ts";
import { streamOf } from "../../../src/bytes/stream.ts";
import { normalizeTimestamps } from "../../../src/filter/normalize-timestamps.ts";
import { assembledImage } from "../../../src/image/assembled-image.ts";
import type { Layer } from "../../../src/image/image.ts";
import { storedBlob } from "../../../src/image/stored-blob.ts";
import { storedLayer } from "../../../src/image/stored-layer.ts";
import { tarLayer } from "../../../src/image/tar-layer.ts";
import type { RewriteOptions } from "../../../src/kernel/kernels.ts";
import type { Pool } from "../../../src/kernel/pool.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { mixture } from "../../contract/kernels-input.ts";
import { testImage } from "../../images.ts";
import { memoryHost } from "../../memory-host.ts";
import { archive, rawMember, rawPax, readAll } from "../tar/raw.ts";

export const kernels = await loadKernels();
const { rewriter } = kernels;
if (!rewriter) throw new Error("the kernels have no rewriter");

/** A tar of two members, one of them larger than a chunk of gzip. */
export const tar = (mtime = 9) =>
  archive(
    rawMember({ name: "a", mtime }, mixture(1_200_000)),
    rawPax([["mtime", "7.5"]], { mtime }),
    rawMember({ name: "b", mtime }, "b"),
  );

/** A host whose passes and spool slots are counted; one without the pass where `stepwise`. */
export async function countingHost(stepwise = false, pool?: Pool) {
  const host = await memoryHost();
  const passes: RewriteOptions[] = [];
  let slots = 0;
  const spool: Spool = {
    async create() {
      const slot = await host.spool.create();
      slots++;
      const dispose = () => {
        slots--;
        return slot.dispose();
      };
      return { ...slot, dispose };
    },
  };
  const counted = (options: RewriteOptions) => {
    passes.push(options);
    return rewriter?.(options) as ReturnType<NonNullable<typeof rewriter>>;
  };
  const { rewriter: _, ...others } = kernels;
  const chosen = stepwise ? others : { ...others, rewriter: counted };
  return { ...host, ...(pool && { pool }), kernels: chosen, spool, passes, held: () => slots };
}

export type CountingHost = Awaited<ReturnType<typeof countingHost>>;
export type MakeLayer = (host: CountingHost) => Layer;

/** A layer of these bytes; `held` are those that come. */
export const stored =
  (blob: Uint8Array, diffId: Digest, mediaType: string = MEDIA_TYPE.ociLayerGzip, held = blob): MakeLayer =>
  (host) => {
    const descriptor = { mediaType, digest: digestOf(kernels, blob), size: blob.length };
    const open = async () => streamOf(held);
    return storedLayer({ blob: storedBlob(descriptor, { open }, host), diffId: async () => diffId }, host);
  };

export const gzipLayer = (bytes: Uint8Array) =>
  stored(new Uint8Array(gzipSync(bytes)), digestOf(kernels, bytes));
export const uncompressedLayer = (bytes: Uint8Array) =>
  stored(bytes, digestOf(kernels, bytes), MEDIA_TYPE.ociLayer);
export const savedLayer =
  (bytes: Uint8Array): MakeLayer =>
  (host) =>
    tarLayer(contentOf(kernels, bytes), host);

/** The layer with its times set, `times` times. */
export async function normalised(make: MakeLayer, host: CountingHost, times = 1): Promise<Layer> {
  const { bytes, value } = await (await testImage([], host)).image.config();
  let image = assembledImage({ configBytes: bytes, config: value, layers: [make(host)] }, host);
  for (let i = 0; i < times; i++)
    image = normalizeTimestamps({ seconds: 5, clamp: false }).image(image, host);
  return image.layers[0] as Layer;
}

/** What comes of asking a filtered layer for a form, in words that can be compared. */
export async function outcome(make: MakeLayer, form: "blob" | "tar", host: CountingHost) {
  const layer = await normalised(make, host);
  try {
    const content = await layer[form]();
    const bytes = await readAll(await content.open());
    const diffId = await layer.diffId();
    await layer.release();
    return { digest: content.digest, size: bytes.length, really: digestOf(kernels, bytes), diffId };
  } catch (error) {
    await layer.release();
    return String(error);
  }
}
