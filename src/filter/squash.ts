import { counted, SealiftError } from "../error.ts";
import { changedImage } from "../image/change.ts";
import type { Image, Layer } from "../image/image.ts";
import { madeLayer } from "../image/made-layer.ts";
import { squashedTar } from "../image/squashed-tar.ts";
import type { HistoryEntry, ImageConfig } from "../oci/config.ts";
import { declaredCompression, withCompression } from "../oci/media-type.ts";
import { type Filter, filterKey } from "./filter.ts";

/** Makes one layer of all above the first `from`; an image that has no two of them stays as it is. Throws USAGE where it has fewer layers. */
export function squash(from: number): Filter {
  return {
    key: filterKey("squash", { from }),
    image(image, host) {
      if (from > image.layers.length) throw beyond(from, image);
      const upper = image.layers.slice(from);
      const [first] = upper;
      if (!first || upper.length < 2) return image;
      const lower = image.layers.slice(0, from);
      const squashed = madeLayer(
        {
          mediaType: mediaTypeOf(first),
          make: async () => squashedTar({ upper, lower }, host),
          release: async () => {
            for (const layer of upper) await layer.release();
          },
        },
        host,
      );
      const config = (value: ImageConfig) => squashedHistory(value, from, upper.length);
      return changedImage(image, { layers: [...lower, squashed], config }, host);
    },
  };
}

function beyond(from: number, { layers, name, ref }: Image): SealiftError {
  const count = counted(layers.length, "layer");
  return new SealiftError(
    "USAGE",
    `Cannot squash above the first ${counted(from, "layer")}: ${name ?? ref ?? "the image"} has ${count}`,
  );
}

/** Compressed by our own gzip where it was compressed at all. */
function mediaTypeOf({ mediaType }: Layer): string {
  return withCompression(mediaType, declaredCompression(mediaType) === "none" ? "none" : "gzip");
}

/**
 * As docker's and buildah's squashing have it: the steps stay as ones that made
 * no layer, and one more says what did. A config without a history gets none.
 */
function squashedHistory(config: ImageConfig, from: number, count: number): ImageConfig {
  const { history, created } = config;
  if (!history || history.length === 0) return config;
  let layer = 0;
  const steps = history.map((step): HistoryEntry => {
    if (step.empty_layer) return step;
    return layer++ < from ? step : { ...step, empty_layer: true };
  });
  const squashed: HistoryEntry = {
    ...(created !== undefined && { created }),
    created_by: "sealift squash",
    comment: `merge of ${count} layers`,
  };
  return { ...config, history: [...steps, squashed] };
}
