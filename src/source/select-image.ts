import { isSealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { type OpenBlob, readDocument } from "../image/stored-blob.ts";
import { type ImageConfig, parseImageConfig } from "../oci/config.ts";
import type { Descriptor, Platform } from "../oci/descriptor.ts";
import { parseImageIndex } from "../oci/image-index.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isIndexType, isManifestType } from "../oci/media-type.ts";
import { DEFAULT_PLATFORM, selectPlatform } from "../oci/platform.ts";

/** Which of what a place has. */
export interface Selection {
  /** A name, tag or digest; needed only where there are several. */
  readonly ref?: string;
  readonly platform?: Platform | undefined;
  /** All platforms rather than one. */
  readonly allPlatforms?: boolean | undefined;
  /** With what is attached: signatures, SBOMs. */
  readonly referrers?: boolean | undefined;
}

/** What a selection means by a descriptor: all of it, or the manifest of one platform's image. */
export async function selectManifest(
  descriptor: Descriptor,
  { platform, allPlatforms }: Selection,
  open: OpenBlob,
  host: Host,
): Promise<Descriptor> {
  return allPlatforms ? descriptor : imageManifest(descriptor, platform, open, host);
}

/** An index inside an index is rare, a third level unheard of. */
const MAX_NESTING = 4;
/** Each is a document to fetch: an index full of indexes is a way to make a client ask for ever. */
const MAX_NESTED = 16;

/**
 * The manifest of the platform's image: that of its index, or the descriptor's
 * own. Without a platform, an index gives the default one's; with one, a single
 * image must be for it. Throws PLATFORM_NOT_FOUND.
 */
export async function imageManifest(
  descriptor: Descriptor,
  platform: Platform | undefined,
  open: OpenBlob,
  host: Host,
): Promise<Descriptor> {
  if (platform && isManifestType(descriptor.mediaType))
    await requirePlatform(descriptor, platform, open, host);
  let selected = descriptor;
  for (let depth = 0; isIndexType(selected.mediaType) && depth < MAX_NESTING; depth++) {
    const { manifests } = parseImageIndex(await readDocument(selected, open, host), selected.digest);
    const choices = await platformsOf(manifests, platform ?? DEFAULT_PLATFORM, open, host);
    selected = selectPlatform(choices, platform ?? DEFAULT_PLATFORM, selected.digest);
  }
  return selected;
}

/**
 * What an index offers: its own entries, and where none of them is for the
 * platform, those of the indexes in it that say no platform themselves. The
 * latter are read only then, as not all of them need be there.
 */
async function platformsOf(
  manifests: readonly Descriptor[],
  wanted: Platform,
  open: OpenBlob,
  host: Host,
  depth = 2,
): Promise<readonly Descriptor[]> {
  const nested = manifests.filter((entry) => isIndexType(entry.mediaType) && !entry.platform);
  if (nested.length === 0 || nested.length > MAX_NESTED || depth === 0) return manifests;
  if (isOffered(manifests, wanted)) return manifests;
  const offered = manifests.filter((entry) => !nested.includes(entry));
  for (const entry of nested) {
    const index = parseImageIndex(await readDocument(entry, open, host), entry.digest);
    offered.push(...(await platformsOf(index.manifests, wanted, open, host, depth - 1)));
  }
  return offered;
}

function isOffered(manifests: readonly Descriptor[], wanted: Platform): boolean {
  try {
    return selectPlatform(manifests, wanted, "an index") !== undefined;
  } catch (error) {
    if (isSealiftError(error, "PLATFORM_NOT_FOUND")) return false;
    throw error;
  }
}

/** A single image says its platform in its config alone. */
async function requirePlatform(
  image: Descriptor,
  wanted: Platform,
  open: OpenBlob,
  host: Host,
): Promise<void> {
  const manifest = parseManifest(await readDocument(image, open, host), image.digest);
  const config = parseImageConfig(await readDocument(manifest.config, open, host), manifest.config.digest);
  matchPlatform(config, wanted, image);
}

/** Throws PLATFORM_NOT_FOUND where an image's config is for another platform. */
export function matchPlatform(config: ImageConfig, wanted: Platform, image: Descriptor): void {
  const { os, architecture, variant } = config;
  selectPlatform(
    [{ ...image, platform: { os, architecture, ...(variant && { variant }) } }],
    wanted,
    image.digest,
  );
}
