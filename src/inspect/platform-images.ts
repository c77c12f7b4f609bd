import { SealiftError } from "../error.ts";
import type { AnyManifest, Image } from "../image/image.ts";
import { documentOf, isImage, isMultiPlatform } from "../image/multi-platform-image.ts";
import type { Platform } from "../oci/descriptor.ts";
import { formatPlatform, samePlatform } from "../oci/platform.ts";

export interface PlatformImage {
  readonly platform: Platform;
  readonly image: Image;
}

/**
 * The images under an index, nested ones too, in its order; an image alone is
 * one. What is no image is left out. Throws UNSUPPORTED where nothing is one.
 */
export async function platformImages(content: AnyManifest): Promise<readonly PlatformImage[]> {
  const images = await imagesIn(content);
  if (images.length > 0) return images;
  const { digest } = (await documentOf(content)).descriptor;
  throw new SealiftError("UNSUPPORTED", `Cannot look into ${digest}: it has no image`);
}

async function imagesIn(content: AnyManifest): Promise<readonly PlatformImage[]> {
  if (isImage(content)) return [{ platform: await platformOf(content), image: content }];
  if (!isMultiPlatform(content)) return [];
  const images: PlatformImage[] = [];
  for (const { descriptor, content: member } of content.members) {
    const { platform } = descriptor;
    if (platform && isImage(member)) images.push({ platform, image: member });
    else images.push(...(await imagesIn(member)));
  }
  return images;
}

/** A single image says its platform in its config alone. */
async function platformOf(image: Image): Promise<Platform> {
  const { os, architecture, variant } = (await image.config()).value;
  return { os, architecture, ...(variant && { variant }) };
}

/** `os/architecture[/variant]`, and a version of Windows behind it. */
export function platformName(platform: Platform): string {
  const version = platform["os.version"];
  return version ? `${formatPlatform(platform)} ${version}` : formatPlatform(platform);
}

export function isSamePlatform(a: Platform, b: Platform): boolean {
  return samePlatform(a, b) && a["os.version"] === b["os.version"];
}
