import type { Host } from "../host.ts";
import { withLayers } from "../image/change.ts";
import { type Rewrite, rewrittenLayer } from "../image/rewritten-layer.ts";
import { normaliseTimestamps, type TimestampOptions } from "../tar/normalise-timestamps.ts";
import type { Filter } from "./filter.ts";

/** Sets every time in every layer (mtime, atime, ctime; header, PAX and GNU forms), or clamps the later ones. */
export function normalizeTimestamps(options: TimestampOptions): Filter {
  return (image, host) => {
    const rewrite = timestampRewrite(options, host);
    return withLayers(
      image,
      image.layers.map((layer) => rewrittenLayer(layer, rewrite, host)),
      host,
    );
  };
}

function timestampRewrite({ seconds, clamp }: TimestampOptions, { kernels }: Host): Rewrite {
  const { rewriter } = kernels;
  return {
    tar: (tar) => normaliseTimestamps(tar, kernels, { seconds, clamp }),
    onePass: rewriter && ((pass) => rewriter({ ...pass, seconds, clamp })),
  };
}
