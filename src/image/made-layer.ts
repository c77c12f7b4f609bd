import { observed } from "../bytes/progress.ts";
import { type SpooledContent, spoolContent } from "../bytes/spooled-content.ts";
import type { ByteStream } from "../bytes/stream.ts";
import { compress } from "../compression/compress.ts";
import type { Host } from "../host.ts";
import { type Compression, declaredCompression } from "../oci/media-type.ts";
import type { Layer } from "./image.ts";

/** A layer of which there is nothing before it is asked for. */
export interface MadeLayer {
  /** Says how the tar is compressed in the blob. */
  readonly mediaType: string;
  /** Makes the tar; the same bytes each time. */
  make(): Promise<ByteStream>;
  /** Gives back what it is made of. */
  release(): Promise<void>;
}

/** A layer that is made, once: its tar waits in the spool, and its blob beside it when that is wanted. */
export function madeLayer({ mediaType, make, release }: MadeLayer, host: Host): Layer {
  const { kernels, spool } = host;
  const compression = declaredCompression(mediaType) ?? "gzip";
  let tar: Promise<SpooledContent> | undefined;
  let packed: Promise<SpooledContent> | undefined;

  async function makeTar(): Promise<SpooledContent> {
    tar ??= make().then((stream) => spoolContent(spool, kernels, stream));
    return tar;
  }

  async function makeBlob(): Promise<SpooledContent> {
    packed ??= packTar(compression);
    return packed;
  }

  async function packTar(form: Compression): Promise<SpooledContent> {
    const { digest, size, open } = await makeTar();
    const stream = observed(await open(), (done, finished) =>
      host.log({ type: "progress", id: digest, stage: "compressing", done, total: size, finished }),
    );
    return spoolContent(spool, kernels, compress(stream, kernels, form, { pool: host.pool }));
  }

  return {
    mediaType,
    diffId: async () => (await makeTar()).digest,
    tar: makeTar,
    stream: async () => (await makeTar()).open(),
    async blob() {
      const content = compression === "none" ? await makeTar() : await makeBlob();
      const { digest, size, open } = content;
      return { digest, size, open, descriptor: { mediaType, digest, size } };
    },
    async release() {
      const held = [tar, packed];
      tar = packed = undefined;
      for (const made of held) await (await made?.catch(() => undefined))?.dispose();
      await release();
    },
  };
}
