import { type SpooledContent, spoolVerified } from "../bytes/spooled-content.ts";
import type { ByteStream } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { decompress } from "../compression/decompress.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Digest } from "../oci/digest.ts";
import { declaredCompression } from "../oci/media-type.ts";
import type { Layer, LayerBlob } from "./image.ts";

/** A stored layer: its blob, and its diff_id from the config. */
export interface StoredLayer {
  readonly blob: LayerBlob;
  readonly diffId: () => Promise<Digest>;
}

/** A layer as a registry or an archive holds it. Every read is checked against digest or diff_id. */
export function storedLayer(stored: StoredLayer, host: Host): Layer {
  const { kernels } = host;
  const { blob } = stored;
  const { descriptor, slices } = blob;
  const compression = declaredCompression(descriptor.mediaType);
  let spooled: Promise<SpooledContent> | undefined;

  async function stream(): Promise<ByteStream> {
    const diffId = await stored.diffId();
    const tar = decompress(await blob.open(), kernels, compression);
    return verified(tar, { digest: diffId }, kernels, `layer ${descriptor.digest} (uncompressed)`);
  }

  return {
    mediaType: descriptor.mediaType,
    ...(descriptor.annotations && { annotations: descriptor.annotations }),
    diffId: stored.diffId,
    isStored: true,
    blob: async () => blob,
    stream: async () => (spooled ? (await spooled).open() : stream()),
    ...(compression === "gzip" && { packed: blob.open }),
    ...(compression === "none" && slices && { tarSlices: slices }),
    async tar() {
      if (compression === "none") return requireDiffId(blob, await stored.diffId());
      spooled ??= stream().then(async (tar) => spoolVerified(host.spool, await stored.diffId(), tar));
      return spooled;
    },
    async release() {
      const held = spooled;
      spooled = undefined;
      await (await held?.catch(() => undefined))?.dispose();
    },
  };
}

/** An uncompressed layer is its own tar; a config that says otherwise lies. */
function requireDiffId(blob: LayerBlob, diffId: Digest): LayerBlob {
  if (blob.digest === diffId) return blob;
  throw new SealiftError(
    "DIGEST_MISMATCH",
    `Cannot read layer ${blob.digest}: it is uncompressed, but the config's diff_id is ${diffId}`,
  );
}
