import type { Slices } from "../bytes/slices.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { type Bundle, openBundle } from "./bundle.ts";
import { blobIn, locateEntries, parseTableOfContents, readEntry } from "./locate.ts";

/**
 * A bundle file to read from. Its documents are checked against the root, and
 * blobs are checked when they are read; header and padding bytes are not: that
 * is verifying. Throws BUNDLE_INVALID.
 */
export async function openBundleFile(slices: Slices, host: Host): Promise<Bundle> {
  const located = await locateEntries(slices, host.kernels);
  if (located.problem) {
    const { offset, after, reason } = located.problem;
    throw new SealiftError(
      "BUNDLE_INVALID",
      `Cannot read the bundle at byte ${offset}, after ${after}: ${reason}`,
    );
  }
  const contents = parseTableOfContents(await readEntry(slices, located, "index.json"));
  return openBundle(
    contents.root,
    contents.referrers,
    async (descriptor) => blobIn(slices, located, descriptor),
    host,
  );
}
