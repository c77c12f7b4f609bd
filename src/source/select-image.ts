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
    const place = { what: selected.digest, open, host };
    selected = await selectNested(manifests, platform ?? DEFAULT_PLATFORM, place);
  }
  return selected;
}

/**
 * An index's entry for the platform; where it has none, that of the indexes in it
 * which say no platform themselves. These are read only then, as not all of them
 * need be there. Throws PLATFORM_NOT_FOUND.
 */
async function selectNested(
  manifests: readonly Descriptor[],
  wanted: Platform,
  { what, open, host }: { readonly what: string; readonly open: OpenBlob; readonly host: Host },
  depth = 2,
): Promise<Descriptor> {
  try {
    return selectPlatform(manifests, wanted, what);
  } catch (error) {
    const isNested = ({ mediaType, platform }: Descriptor) => isIndexType(mediaType) && !platform;
    const nested = manifests.filter(isNested);
    if (nested.length === 0 || nested.length > MAX_NESTED || depth === 0) throw error;
    const spread = manifests.filter((entry) => !isNested(entry));
    for (const entry of nested) {
      spread.push(...parseImageIndex(await readDocument(entry, open, host), entry.digest).manifests);
    }
    return selectNested(spread, wanted, { what, open, host }, depth - 1);
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
