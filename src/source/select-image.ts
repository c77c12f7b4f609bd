import type { Host } from "../host.ts";
import { type OpenBlob, readDocument } from "../image/stored-image.ts";
import type { Descriptor, Platform } from "../oci/descriptor.ts";
import { parseImageIndex } from "../oci/image-index.ts";
import { isIndexType } from "../oci/media-type.ts";
import { selectPlatform } from "../oci/platform.ts";

/** An index inside an index is rare, a third level unheard of. */
const MAX_NESTING = 4;

/** The manifest of the platform's image: the descriptor's own, or that of its index. Throws PLATFORM_NOT_FOUND. */
export async function imageManifest(
  descriptor: Descriptor,
  platform: Platform,
  open: OpenBlob,
  host: Host,
): Promise<Descriptor> {
  let selected = descriptor;
  for (let depth = 0; isIndexType(selected.mediaType) && depth < MAX_NESTING; depth++) {
    const index = parseImageIndex(await readDocument(selected, open, host), selected.digest);
    selected = selectPlatform(index.manifests, platform, selected.digest);
  }
  return selected;
}
