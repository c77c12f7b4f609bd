import { SealiftError } from "../error.ts";
import type { Image } from "../image/image.ts";
import { singlePlatform } from "../image/multi-platform-image.ts";
import type { Sink, SinkResult } from "./sink.ts";

/**
 * A place that holds one image for one platform: `write` puts it there whole or
 * leaves no trace, and makes it visible unless `commit` does. Another image, several platforms or an artifact are UNSUPPORTED.
 */
export function singleImageSink(
  name: string,
  write: (image: Image) => Promise<SinkResult>,
  discard: () => Promise<void>,
  commit: Sink["commit"] = async () => {},
): Sink {
  let taken = false;
  return {
    async put(content) {
      const image = singlePlatform(content, name);
      if (taken) throw new SealiftError("UNSUPPORTED", `Cannot write ${name}: it holds one image`);
      taken = true;
      return write(image);
    },
    commit,
    abort: discard,
  };
}
