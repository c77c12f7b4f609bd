/** Layers that a daemon has pushed in earlier runs: it is told that they are there, and sends them only if somebody wants to read them. */
import type { LayerCache } from "../../../src/host.ts";
import type { Image } from "../../../src/image/image.ts";
import type { Digest } from "../../../src/oci/digest.ts";

/** What stands in the layer cache beside a layer that a daemon has compressed: nothing of ours was done to it. */
const WORK = "docker push";

export interface PushedLayers {
  /** Bytes of the blob; undefined for one that no earlier run has seen. */
  sizeOf(digest: Digest): Promise<number | undefined>;
  /** Takes note of an image's layers. */
  remember(image: Image): Promise<void>;
}

/** What the layer cache knows; nothing where there is none. */
export function pushedLayers(cache: LayerCache | undefined): PushedLayers {
  return {
    sizeOf: async (digest) => (await cache?.get({ input: digest, work: WORK }))?.size,
    async remember(image) {
      if (!cache) return;
      const { layers } = (await image.manifest()).value;
      const { diff_ids } = (await image.config()).value.rootfs;
      for (const [index, { digest, size }] of layers.entries()) {
        await cache.put({ input: digest, work: WORK }, { diffId: diff_ids[index] as Digest, digest, size });
      }
    },
  };
}
