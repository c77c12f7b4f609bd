import type { Content } from "../bytes/content.ts";
import { observed } from "../bytes/progress.ts";
import { type SpooledContent, spoolContent } from "../bytes/spool.ts";
import { gzip } from "../compression/gzip.ts";
import type { Host } from "../host.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { Layer } from "./image.ts";

/** A layer of which there is only the uncompressed tar; its blob is the tar compressed by our own gzip. */
export function tarLayer(tar: Content, host: Host): Layer {
  let made: Promise<SpooledContent> | undefined;

  async function compress(): Promise<SpooledContent> {
    const stream = observed(await tar.open(), (done, finished) =>
      host.log({ type: "progress", id: tar.digest, stage: "compressing", done, total: tar.size, finished }),
    );
    return spoolContent(host.spool, host.kernels, gzip(stream, host.kernels, { pool: host.pool }));
  }

  return {
    mediaType: MEDIA_TYPE.ociLayerGzip,
    diffId: async () => tar.digest,
    tar: async () => tar,
    stream: () => tar.open(),
    async blob() {
      made ??= compress();
      const content = await made;
      const { digest, size } = content;
      return { ...content, descriptor: { mediaType: MEDIA_TYPE.ociLayerGzip, digest, size } };
    },
    async release() {
      const held = made;
      made = undefined;
      await (await held?.catch(() => undefined))?.dispose();
    },
  };
}
