import type { Host } from "../host.ts";
import type { Image, Member, MultiPlatformImage } from "../image/image.ts";
import { isAbout, isImage, isMultiPlatform, withMembers } from "../image/multi-platform-image.ts";
import { watchedImage } from "../image/watched-image.ts";
import type { Descriptor, Platform } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { formatPlatform, samePlatform, selectPlatform } from "../oci/platform.ts";
import { type Filter, filterKey } from "./filter.ts";

/**
 * Leaves an index the images that run on the platforms, and what is said of
 * them. Throws PLATFORM_NOT_FOUND where it has none for one of them; an image
 * alone, when something is asked of it, where it is for none of them.
 */
export function onlyPlatform(platforms: readonly Platform[]): Filter {
  return {
    key: filterKey("only-platform", { platform: platforms.map(formatPlatform).sort() }),
    image: (image, host) => watchedImage(image, { layer: () => requirePlatform(image, platforms) }, host),
    index: (image, host) => leftOf(image, platforms, host),
  };
}

async function requirePlatform(image: Image, platforms: readonly Platform[]): Promise<void> {
  const { descriptor, value } = await image.config();
  const itself = { ...descriptor, platform: value };
  const runsOn = (wanted: Platform) => {
    try {
      return selectPlatform([itself], wanted, "the image");
    } catch {
      return undefined;
    }
  };
  if (platforms.some(runsOn)) return;
  for (const platform of platforms) selectPlatform([itself], platform, "the image");
}

function leftOf(image: MultiPlatformImage, platforms: readonly Platform[], host: Host): MultiPlatformImage {
  const images = imagesOf(image);
  const chosen = platforms.map((platform) => selectPlatform(images, platform, "the index").platform);
  // A platform may have several images: Windows', for its versions.
  const isLeft = ({ platform }: Descriptor) =>
    platform !== undefined && chosen.some((one) => one !== undefined && samePlatform(one, platform));
  const dropped = new Set(images.filter((one) => !isLeft(one)).map(({ digest }) => digest));
  return without(image, dropped, host);
}

function imagesOf({ members }: MultiPlatformImage): readonly Descriptor[] {
  return members.flatMap(({ descriptor, content }) => {
    if (isMultiPlatform(content)) return imagesOf(content);
    return isImage(content) ? [descriptor] : [];
  });
}

function without(image: MultiPlatformImage, dropped: ReadonlySet<Digest>, host: Host): MultiPlatformImage {
  const members = image.members.flatMap((member): Member[] => {
    const { descriptor, content } = member;
    if (dropped.has(descriptor.digest) || isAbout(descriptor, dropped)) return [];
    if (!isMultiPlatform(content)) return [member];
    const nested = without(content, dropped, host);
    return nested.members.length === 0 ? [] : [{ ...member, content: nested }];
  });
  return withMembers(image, members, host);
}
