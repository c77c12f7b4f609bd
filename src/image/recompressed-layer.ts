import type { EarlyReader } from "../bytes/growing-content.ts";
import { observed } from "../bytes/progress.ts";
import { type SpooledContent, spoolContent } from "../bytes/spooled-content.ts";
import { compress } from "../compression/compress.ts";
import type { Host } from "../host.ts";
import { KERNEL_VERSION } from "../kernel/kernels.ts";
import { type Compression, declaredCompression, withCompression } from "../oci/media-type.ts";
import type { Destination } from "./destination.ts";
import type { Layer, LayerBlob } from "./image.ts";
import { openTar } from "./open-tar.ts";
import { type Made, rememberedOrMade } from "./remembered.ts";
import { describeMade, layerKey } from "./rewritten-layer.ts";

/** How a layer's blob is to be compressed. */
export interface Packing {
  readonly format: Compression;
  /** One of the format's; a blob that has the format stays as it is without it. */
  readonly level?: number | undefined;
}

/** The same tar in another blob. Fails with UNSUPPORTED as compressing does. */
export function recompressedLayer(source: Layer, { format, level }: Packing, host: Host): Layer {
  const mediaType = withCompression(source.mediaType, format);
  let made: Promise<Made | undefined> | undefined;

  /** Undefined where the blob that is there will do. */
  async function makeUnlessThere(to?: Destination): Promise<Made | undefined> {
    if (level === undefined && declaredCompression(source.mediaType) === format) {
      // A layer that was to be rewritten, and was not, is what it came as.
      const { descriptor } = await source.blob(to);
      if (declaredCompression(descriptor.mediaType) === format) return undefined;
    }
    const key = await layerKey(source);
    if (!key) return make();
    const work = `${key.work} ${format}-${level ?? "usual"} kernels-${KERNEL_VERSION}`;
    return rememberedOrMade({ ...key, work }, to, host, make);
  }

  async function make(early?: EarlyReader): Promise<Made> {
    const content = await pack(early);
    return { ...content, diffId: await source.diffId() };
  }

  async function pack(early?: EarlyReader): Promise<SpooledContent> {
    if (format === "none") return { ...(await source.tar()), dispose: async () => {} };
    const tar = await openTar(source);
    const id = await source.diffId();
    const stream = observed(tar, (done, finished) =>
      host.log({ type: "progress", id, stage: "compressing", done, finished }),
    );
    return spoolContent(
      host.spool,
      host.kernels,
      compress(stream, host.kernels, format, { level, pool: host.pool }),
      early,
    );
  }

  async function blob(to?: Destination): Promise<LayerBlob> {
    made ??= makeUnlessThere(to);
    const content = await made;
    if (!content) return source.blob(to);
    const { digest, size, open } = content;
    return { digest, size, open, descriptor: describeMade(source, mediaType, content) };
  }

  const { packed: _, ...asItIs } = source;
  return {
    ...asItIs,
    mediaType,
    // Remembered with the blob, where that was not made.
    diffId: async () => (await made)?.diffId ?? source.diffId(),
    blob,
    async release() {
      const held = made;
      made = undefined;
      await (await held?.catch(() => undefined))?.dispose();
      await source.release();
    },
  };
}
