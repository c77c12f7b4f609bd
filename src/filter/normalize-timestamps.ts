import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { changedImage } from "../image/change.ts";
import { type Rewrite, rewrittenLayer } from "../image/rewritten-layer.ts";
import type { ImageConfig } from "../oci/config.ts";
import { MAX_SECONDS, normaliseTimestamps, type TimestampOptions } from "../tar/normalise-timestamps.ts";
import { type Filter, filterKey } from "./filter.ts";

export interface NormalizeOptions extends TimestampOptions {
  /** The config's `created` and those of its history too. */
  readonly config?: boolean;
}

/** Sets every time in every layer (mtime, atime, ctime; header, PAX and GNU forms), or clamps the later ones. Throws USAGE. */
export function normalizeTimestamps(options: NormalizeOptions): Filter {
  const { seconds, clamp, config = false } = options;
  if (seconds < 0 || seconds > MAX_SECONDS) {
    throw new SealiftError("USAGE", `Cannot use time ${seconds}: it is not from 0 to ${MAX_SECONDS} seconds`);
  }
  return {
    key: filterKey("normalize-timestamps", { seconds, clamp, config }),
    image(image, host) {
      const rewrite = timestampRewrite(options, host);
      const layers = image.layers.map((layer) => rewrittenLayer(layer, rewrite, host));
      const retime = (value: ImageConfig) => retimedConfig(value, options);
      return changedImage(image, { layers, ...(config && { config: retime }) }, host);
    },
  };
}

function timestampRewrite({ seconds, clamp }: TimestampOptions, { kernels }: Host): Rewrite {
  const { rewriter } = kernels;
  return {
    key: filterKey("normalize-timestamps", { seconds, clamp }),
    tar: (tar) => normaliseTimestamps(tar, kernels, { seconds, clamp }),
    onePass: rewriter && ((pass) => rewriter({ ...pass, seconds, clamp })),
  };
}

/** The config with its times changed; one that is not there stays away. */
function retimedConfig(config: ImageConfig, options: TimestampOptions): ImageConfig {
  const retimed = <T extends { readonly created?: string | undefined }>(timed: T): T =>
    timed.created === undefined ? timed : { ...timed, created: retimedText(timed.created, options) };
  const { history } = config;
  return retimed({ ...config, ...(history && { history: history.map(retimed) }) });
}

function retimedText(text: string, { seconds, clamp }: TimestampOptions): string {
  if (clamp && !isLater(text, seconds)) return text;
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

/** RFC 3339 has nanoseconds, of which Date keeps thousandths: what it drops still makes a time later. */
function isLater(text: string, seconds: number): boolean {
  const parsed = Date.parse(text);
  const whole = Math.floor(parsed / 1000);
  return whole > seconds || (whole === seconds && /\.\d*[1-9]/.test(text));
}
