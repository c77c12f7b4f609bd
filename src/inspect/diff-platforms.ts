import type { Host } from "../host.ts";
import type { AnyManifest } from "../image/image.ts";
import { type DiffPart, diffImages, type ImageDiff } from "./diff.ts";
import { isSamePlatform, type PlatformImage, platformImages, platformName } from "./platform-images.ts";

/** How the images of two indexes differ, platform by platform. */
export interface PlatformsDiff {
  readonly equal: boolean;
  /** Those that both have, in the first one's order. */
  readonly platforms: readonly PlatformDiff[];
  /** Platforms that only one has. */
  readonly a: readonly string[];
  readonly b: readonly string[];
}

export interface PlatformDiff extends ImageDiff {
  /** `os/architecture[/variant]`. */
  readonly platform: string;
}

/** Compares two indexes' images of the same platform with each other. Throws as {@link diffImages}. */
export async function diffPlatforms(
  a: AnyManifest,
  b: AnyManifest,
  part: DiffPart,
  host: Host,
): Promise<PlatformsDiff> {
  const [first, second] = [await platformImages(a), [...(await platformImages(b))]];
  const platforms: PlatformDiff[] = [];
  const onlyFirst: PlatformImage[] = [];
  for (const one of first) {
    const at = second.findIndex(({ platform }) => isSamePlatform(platform, one.platform));
    const [other] = at < 0 ? [] : second.splice(at, 1);
    if (!other) onlyFirst.push(one);
    else {
      const diff = await diffImages(one.image, other.image, part, host);
      platforms.push({ platform: platformName(one.platform), ...diff });
    }
  }
  return {
    equal: onlyFirst.length === 0 && second.length === 0 && platforms.every(({ equal }) => equal),
    platforms,
    a: onlyFirst.map(({ platform }) => platformName(platform)),
    b: second.map(({ platform }) => platformName(platform)),
  };
}
