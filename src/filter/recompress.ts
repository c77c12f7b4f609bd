import { COMPRESSION_LEVELS } from "../compression/compress.ts";
import { SealiftError } from "../error.ts";
import { withLayers } from "../image/change.ts";
import { type Packing, recompressedLayer } from "../image/recompressed-layer.ts";
import { isNonDistributable } from "../oci/media-type.ts";
import { type Filter, filterKey } from "./filter.ts";

/**
 * Gives every layer's blob another compression; their tars, and so the config,
 * stay. Filters behind it that change a layer compress it again as they do.
 * Layers that are fetched from elsewhere stay as they are. Throws USAGE on a
 * level the format has not.
 */
export function recompress({ format, level }: Packing): Filter {
  const levels = COMPRESSION_LEVELS[format];
  if (level !== undefined && !levels.includes(level)) {
    const choice = levels.length > 0 ? `it has ${levels.join(", ")}` : "it has none";
    throw new SealiftError("USAGE", `Cannot use level ${level} of ${format}: ${choice}`);
  }
  return {
    key: filterKey("recompress", { format, level }),
    image: (image, host) =>
      withLayers(
        image,
        image.layers.map((layer) =>
          isNonDistributable(layer.mediaType) ? layer : recompressedLayer(layer, { format, level }, host),
        ),
        host,
      ),
  };
}
