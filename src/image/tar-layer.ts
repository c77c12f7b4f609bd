import type { Content } from "../bytes/content.ts";
import type { EarlyReader } from "../bytes/growing-content.ts";
import { observed } from "../bytes/progress.ts";
import type { Slices } from "../bytes/slices.ts";
import { spoolContent } from "../bytes/spooled-content.ts";
import { gzip } from "../compression/gzip.ts";
import type { Host } from "../host.ts";
import { GZIP_LEVEL, KERNEL_VERSION } from "../kernel/kernels.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { Layer } from "./image.ts";
import { type Made, rememberedOrMade } from "./remembered.ts";

/** What a layer cache calls compressing and nothing else. */
export const COMPRESSED_ONLY: string = `gzip-${GZIP_LEVEL},kernels-${KERNEL_VERSION}`;

/** A layer of which there is only the uncompressed tar, in `slices` as it lies; its blob is the tar compressed by our own gzip. */
export function tarLayer(tar: Content, host: Host, slices?: Slices): Layer {
  let made: Promise<Made> | undefined;
  const key = { input: tar.digest, work: COMPRESSED_ONLY };

  async function compress(early?: EarlyReader): Promise<Made> {
    host.pool?.expect(tar.size);
    const stream = observed(await tar.open(), (done, finished) =>
      host.log({ type: "progress", id: tar.digest, stage: "compressing", done, total: tar.size, finished }),
    );
    const packed = gzip(stream, host.kernels, { pool: host.pool });
    return { ...(await spoolContent(host.spool, host.kernels, packed, early)), diffId: tar.digest };
  }

  return {
    mediaType: MEDIA_TYPE.ociLayerGzip,
    diffId: async () => tar.digest,
    tar: async () => tar,
    ...(slices && { tarSlices: slices }),
    stream: () => tar.open(),
    async blob(to) {
      made ??= rememberedOrMade(key, to, host, compress);
      const { digest, size, open } = await made;
      return { digest, size, open, descriptor: { mediaType: MEDIA_TYPE.ociLayerGzip, digest, size } };
    },
    async release() {
      const held = made;
      made = undefined;
      await (await held?.catch(() => undefined))?.dispose();
    },
  };
}
