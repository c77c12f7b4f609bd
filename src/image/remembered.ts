import type { Content } from "../bytes/content.ts";
import type { EarlyReader } from "../bytes/growing-content.ts";
import { SealiftError } from "../error.ts";
import type { Host, LayerKey, MadeLayer } from "../host.ts";
import type { Destination } from "./destination.ts";

/** A blob that was made, and the diff_id of what is in it. */
export interface Made extends MadeLayer, Content {
  dispose(): Promise<void>;
}

/**
 * What `make` gives; or, where an earlier run has made it and the place has that
 * blob, only what is known of it: then nothing is fetched, changed or compressed,
 * unless somebody opens it after all. Else the place may read early. Fails with DIGEST_MISMATCH on opening
 * where another blob comes out than was remembered.
 */
export async function rememberedOrMade(
  key: LayerKey,
  to: Destination | undefined,
  { layerCache, log }: Host,
  make: (early?: EarlyReader) => Promise<Made>,
): Promise<Made> {
  const remembered = to && (await layerCache?.get(key));
  if (remembered && (await to.has(remembered))) {
    log({
      type: "debug",
      message: `${key.input} was made before: ${remembered.digest} is there already`,
      details: { event: "layer-remembered", input: key.input, digest: remembered.digest },
    });
    return promised(remembered, make);
  }
  const made = await make(to?.early?.(remembered));
  const { diffId, digest, size } = made;
  await layerCache?.put(key, { diffId, digest, size });
  return made;
}

function promised({ diffId, digest, size }: MadeLayer, make: () => Promise<Made>): Made {
  let made: Promise<Made> | undefined;
  return {
    diffId,
    digest,
    size,
    async open() {
      made ??= make();
      const content = await made;
      if (content.digest === digest) return content.open();
      throw new SealiftError(
        "DIGEST_MISMATCH",
        `Cannot make layer ${digest} again: it comes out as ${content.digest}`,
        { hint: "The layer cache does not hold; run again without it, or prune it." },
      );
    },
    dispose: async () => (await made?.catch(() => undefined))?.dispose(),
  };
}
