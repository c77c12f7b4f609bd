/** What a daemon tells of an image, nothing of which is fetched: for `info`. */
import { streamOf } from "../../../src/bytes/stream.ts";
import { SealiftError } from "../../../src/error.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import type { RawParts } from "../../../src/source/raw-image.ts";
import type { DockerEngine, EngineImage } from "./engine.ts";
import type { AskedImage } from "./image-name.ts";

/** The image's config put together from `inspect`, which knows no history, and layers without bytes. Throws NOT_FOUND. */
export async function toldImage(engine: DockerEngine, { asked, name }: AskedImage): Promise<RawParts> {
  const image = await engine.inspect(asked);
  const config = encodeJson(configOf(image));
  const open = () =>
    Promise.reject(new SealiftError("INTERNAL", `Cannot read ${asked}: it was only asked about`));
  return {
    kind: "parts",
    config: { name: `what docker says of ${asked}`, open: async () => streamOf(config) },
    layers: image.diffIds.map((diffId) => ({ name: diffId, open })),
    // With containerd's image store the ID is a manifest's or an index's.
    ...(image.descriptor === undefined && { toldDigest: image.id }),
    ...(name && { name }),
  };
}

function configOf({ platform, created, settings, diffIds }: EngineImage): object {
  return {
    ...(created && { created }),
    ...platform,
    ...(settings && { config: settings }),
    rootfs: { type: "layers", diff_ids: diffIds },
  };
}
