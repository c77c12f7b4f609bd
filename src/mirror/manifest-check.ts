/** What a registry asks of a manifest before it takes it (distribution-spec, "Pushing Manifests"). */
import * as v from "valibot";
import { counted, SealiftError } from "../error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { childrenOf, isDocument } from "../oci/graph.ts";
import { parseImageIndex } from "../oci/image-index.ts";
import { parseJson } from "../oci/json.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isIndexType, isManifestType, isNonDistributable } from "../oci/media-type.ts";
import type { Store } from "../store/store.ts";

/** How many children are looked up at a time: stores may be far away. */
const LOOKUPS = 16;

const shapeSchema = v.looseObject({
  mediaType: v.optional(v.string()),
  config: v.optional(v.unknown()),
  layers: v.optional(v.unknown()),
  manifests: v.optional(v.unknown()),
});

/**
 * The manifest's media type: the Content-Type without parameters, else its own
 * `mediaType`. Throws MANIFEST_INVALID if they differ, if there is none, or if
 * it is not a manifest's.
 */
export function mediaTypeOf(bytes: Uint8Array, contentType: string | undefined): string {
  const shape = parseJson(shapeSchema, bytes, "manifest", "MANIFEST_INVALID");
  const declared = contentType?.split(";", 1)[0]?.trim().toLowerCase() || undefined;
  if (declared && shape.mediaType && declared !== shape.mediaType) {
    throw invalid(`Content-Type is ${declared}, its mediaType ${shape.mediaType}`);
  }
  const mediaType = declared ?? shape.mediaType;
  if (!mediaType) throw invalid("neither Content-Type nor mediaType says what it is");
  if (!isManifestType(mediaType) && !isIndexType(mediaType)) {
    throw invalid(`${mediaType} is not the media type of an image manifest or index`);
  }
  // CVE-2021-41190: one document that is an index to one client and an image to another.
  const ambiguous = isIndexType(mediaType) ? (shape.config ?? shape.layers) : shape.manifests;
  if (ambiguous !== undefined) throw invalid("it is both an image manifest and an index");
  return mediaType;
}

/** The manifest's subject, and how it appears in that subject's referrers list. Throws MANIFEST_INVALID. */
export function referrerOf({
  digest,
  mediaType,
  bytes,
}: {
  digest: Descriptor["digest"];
  mediaType: string;
  bytes: Uint8Array;
}): { subject: Descriptor["digest"]; descriptor: Descriptor } | undefined {
  const document = isIndexType(mediaType) ? parseImageIndex(bytes) : parseManifest(bytes);
  if (!document.subject) return undefined;
  const config = "config" in document ? document.config.mediaType : undefined;
  const artifactType = document.artifactType || config;
  const descriptor = {
    mediaType,
    digest,
    size: bytes.length,
    ...(artifactType && { artifactType }),
    ...(document.annotations && { annotations: document.annotations }),
  };
  return { subject: document.subject.digest, descriptor };
}

/**
 * Throws MANIFEST_BLOB_UNKNOWN, naming the first child of the manifest that the
 * repository does not have, SIZE_MISMATCH for one of another size than stated.
 */
export async function requireChildren(
  store: Store,
  repository: string,
  manifest: Descriptor,
  bytes: Uint8Array,
): Promise<void> {
  // The same blob under two sizes is two children: one of them is wrong.
  const distinct = new Map(
    childrenOf(manifest, bytes).map((child) => [`${child.digest} ${child.size}`, child]),
  );
  const needed = [...distinct.values()].filter(({ mediaType }) => !isNonDistributable(mediaType));
  for (let first = 0; first < needed.length; first += LOOKUPS) {
    const some = needed.slice(first, first + LOOKUPS);
    const sizes = await Promise.all(some.map((child) => sizeOf(store, repository, child)));
    const missing = some[sizes.indexOf(undefined)];
    if (missing) {
      throw new SealiftError(
        "MANIFEST_BLOB_UNKNOWN",
        `Cannot store manifest ${manifest.digest}: it names ${missing.digest}, which ${repository} does not have`,
      );
    }
    const wrong = some.find((child, index) => child.size !== sizes[index]);
    if (wrong) {
      throw new SealiftError(
        "SIZE_MISMATCH",
        `Cannot store manifest ${manifest.digest}: it says that ${wrong.digest} has ${counted(wrong.size, "byte")}, but it has ${sizes[some.indexOf(wrong)]}`,
        { hint: "If the registry's copy is the damaged one, DELETE that blob there and push again." },
      );
    }
  }
}

/** An index may list things that are no manifests (build caches do): those are blobs. */
async function sizeOf(store: Store, repository: string, child: Descriptor): Promise<number | undefined> {
  if (!isDocument(child)) return store.blobs.size(repository, child.digest);
  return (await store.manifests.get(repository, child.digest))?.bytes.length;
}

function invalid(reason: string): SealiftError {
  return new SealiftError("MANIFEST_INVALID", `Cannot store manifest: ${reason}`);
}
