import { withLayers } from "../image/change.ts";
import { rewrittenLayer } from "../image/rewritten-layer.ts";
import { normaliseTimestamps, type TimestampOptions } from "../tar/normalise-timestamps.ts";
import type { Filter } from "./filter.ts";

/** Sets every time in every layer (mtime, atime, ctime; header, PAX and GNU forms), or clamps the later ones. */
export function normalizeTimestamps(options: TimestampOptions): Filter {
  return (image, host) =>
    withLayers(
      image,
      image.layers.map((layer) =>
        rewrittenLayer(layer, (tar) => normaliseTimestamps(tar, host.kernels, options), host),
      ),
      host,
    );
}
