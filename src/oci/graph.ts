import { SealiftError } from "../error.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import { parseImageIndex } from "./image-index.ts";
import { MAX_DOCUMENT_SIZE } from "./json.ts";
import { parseManifest } from "./manifest.ts";
import { isIndexType, isManifestType } from "./media-type.ts";

/** An index inside an index inside …: deeper than any real image, shallow enough for the stack. */
const MAX_DEPTH = 16;
/** Bounds the work a hostile index can ask for. */
const MAX_NODES = 100_000;

/** One thing of a content graph; documents carry their bytes. */
export interface GraphNode {
  readonly descriptor: Descriptor;
  /** A manifest's or index's bytes; undefined for blobs. */
  readonly document?: Uint8Array;
}

/** Whether a descriptor names a document with children of its own. */
export function isDocument(descriptor: Descriptor): boolean {
  return isManifestType(descriptor.mediaType) || isIndexType(descriptor.mediaType);
}

/** What a manifest (config, then layers) or an index (manifests) names, in its order; not its subject. */
export function childrenOf(descriptor: Descriptor, document: Uint8Array): readonly Descriptor[] {
  if (isIndexType(descriptor.mediaType)) return parseImageIndex(document, descriptor.digest).manifests;
  const manifest = parseManifest(document, descriptor.digest);
  return [manifest.config, ...manifest.layers];
}

/**
 * Everything reachable from `root`, each digest once, depth first in the order
 * of first reference, parents before children. `fetch` gives a document's
 * verified bytes.
 */
export async function* walkGraph(
  root: Descriptor,
  fetch: (descriptor: Descriptor) => Promise<Uint8Array>,
): AsyncGenerator<GraphNode, void, void> {
  const seen = new Set<Digest>();
  yield* visit(root, 0);

  async function* visit(descriptor: Descriptor, depth: number): AsyncGenerator<GraphNode, void, void> {
    if (seen.has(descriptor.digest)) return;
    seen.add(descriptor.digest);
    if (depth > MAX_DEPTH || seen.size > MAX_NODES) {
      throw new SealiftError(
        "LIMIT_EXCEEDED",
        `Cannot walk ${root.digest}: it is nested too deep or has too many parts`,
      );
    }
    if (!isDocument(descriptor)) {
      yield { descriptor };
      return;
    }
    if (descriptor.size > MAX_DOCUMENT_SIZE) {
      throw new SealiftError(
        "LIMIT_EXCEEDED",
        `Cannot read ${descriptor.digest}: a manifest of ${descriptor.size} bytes is over ${MAX_DOCUMENT_SIZE}`,
      );
    }
    const document = await fetch(descriptor);
    yield { descriptor, document };
    for (const child of childrenOf(descriptor, document)) yield* visit(child, depth + 1);
  }
}
