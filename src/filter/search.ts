import { bareReasonOf, isSealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Image, Layer } from "../image/image.ts";
import { imageName } from "../image/image-name.ts";
import { sourceOf } from "../image/rewritten-layer.ts";
import { watchedImage } from "../image/watched-image.ts";
import { type Filter, filterKey } from "./filter.ts";
import { type FoundInLayer, findPaths, searchMatch } from "./find-paths.ts";
import { foundGroup, foundLines, foundSummary } from "./found-text.ts";
import type { PathMatch } from "./glob.ts";

export interface SearchOptions {
  readonly pattern: string;
  /** The pattern is a regular expression rather than a glob. */
  readonly regex?: boolean;
  /** A line for each match, and nothing else. */
  readonly scriptFriendly?: boolean;
}

/** Reports what the pattern matches in each layer; the image passes unchanged. Throws USAGE on a bad pattern. */
export function search({ pattern, regex = false, scriptFriendly = false }: SearchOptions): Filter {
  const match = searchMatch(pattern, { regex });
  return {
    key: filterKey("search", { pattern, regex, scriptFriendly }),
    image(image, host) {
      const name = imageName(image);
      const found: FoundInLayer[] = [];
      const watch = {
        async layer(layer: Layer, index: number) {
          const inLayer = await searchLayer(layer, match, host);
          if (!inLayer) return;
          found.push(inLayer);
          const message = scriptFriendly ? foundLines(inLayer, name) : foundGroup(inLayer);
          if (inLayer.paths.length === 0) return;
          host.log({
            type: "info",
            message: message.trimEnd(),
            details: { event: "found", ...name, index, ...inLayer },
          });
        },
        async end() {
          if (!scriptFriendly) host.log({ type: "info", message: foundSummary(found).trimEnd() });
        },
      };
      return watchedImage(image, watch, host);
    },
  };
}

/** What the pattern matches in an image's layers, in their order. A layer that cannot be read is warned of. */
export async function* searchImage(
  image: Image,
  match: PathMatch,
  host: Host,
): AsyncGenerator<FoundInLayer, void, void> {
  for (const layer of image.layers) {
    const found = await searchLayer(layer, match, host);
    if (found) yield found;
    await layer.release();
  }
}

async function searchLayer(layer: Layer, match: PathMatch, host: Host): Promise<FoundInLayer | undefined> {
  try {
    return await findPaths(layer, match, host.kernels);
  } catch (error) {
    if (!isSealiftError(error) || error.code === "ABORTED") throw error;
    host.log({
      type: "warning",
      message: `Cannot search layer ${await sourceOf(layer).diffId()}: ${bareReasonOf(error)}`,
    });
    return undefined;
  }
}
