import type { Host } from "../host.ts";
import type { AnyManifest, Image, MultiPlatformImage } from "../image/image.ts";
import { isMultiPlatform, mapImages } from "../image/multi-platform-image.ts";

/** Changes an image, or looks into it: pure on the model, lazy on bytes. */
export interface Filter {
  /** Its name with all options that count, in one spelling. */
  readonly key: string;
  image(image: Image, host: Host): Image;
  /** What it does with an index; every image of it is filtered where this is absent. */
  index?(image: MultiPlatformImage, host: Host): MultiPlatformImage;
}

/** The content as the filters leave it, one after the other. */
export function applyFilters(content: AnyManifest, filters: readonly Filter[], host: Host): AnyManifest {
  return filters.reduce((changed, filter) => {
    if (isMultiPlatform(changed) && filter.index) return filter.index(changed, host);
    return mapImages(changed, (image) => filter.image(image, host), host);
  }, content);
}

/** A filter's key: its name, and its options that have a value, by name. */
export function filterKey(name: string, options: Readonly<Record<string, unknown>> = {}): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  given.sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}:${JSON.stringify(Object.fromEntries(given))}`;
}
