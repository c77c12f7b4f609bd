import { streamOf } from "../bytes/stream.ts";
import type { Host } from "../host.ts";
import type { OpenBlob } from "../image/stored-image.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import { walkGraph } from "../oci/graph.ts";
import { parseImageIndex } from "../oci/image-index.ts";
import { isIndexType } from "../oci/media-type.ts";
import { parsePlatform, selectPlatform } from "../oci/platform.ts";
import { formatReference, parseReference, referenceTarget } from "../oci/reference.ts";
import { openRepository, type RepositoryOptions } from "../registry/repository.ts";
import type { BundleArtifact } from "./config.ts";
import type { ArtifactDefinition } from "./definition.ts";

/** An image in a bundle: untouched, so that its own signatures still hold. */
export interface BuiltImage {
  readonly artifact: BundleArtifact;
  readonly child: Descriptor;
  /** Everything reachable from `child`. */
  readonly descriptors: readonly Descriptor[];
  readonly open: OpenBlob;
}

/** Resolves an `oci://` artifact to a digest and reads its manifests; layers are fetched when written. */
export async function imageArtifact(
  definition: ArtifactDefinition,
  referenceText: string,
  host: Host,
  options: RepositoryOptions = {},
): Promise<BuiltImage> {
  const reference = parseReference(referenceText);
  const repository = openRepository(host, reference, options);
  const documents = new Map<string, Uint8Array>();
  const fetch = async (descriptor: Descriptor) => {
    const known = documents.get(descriptor.digest);
    if (known) return known;
    const { bytes } = await repository.manifest(descriptor.digest);
    documents.set(descriptor.digest, bytes);
    return bytes;
  };
  const resolved = await repository.resolve(referenceTarget(reference));
  const chosen = definition.platform ? await onlyPlatform(resolved, definition.platform, fetch) : resolved;
  const descriptors: Descriptor[] = [];
  for await (const node of walkGraph(chosen, fetch)) descriptors.push(node.descriptor);
  const { mediaType, digest, size } = chosen;
  const { name, origin, target } = definition;
  return {
    artifact: { type: "image", name, origin, target, mediaType, digest, size },
    child: {
      mediaType,
      digest,
      size,
      annotations: {
        [ANNOTATION.refName]: refName(name),
        // A name that `load` can give the image again; a digest alone is none.
        ...(reference.tag && {
          [ANNOTATION.containerdImageName]: formatReference({
            registry: reference.registry,
            repository: reference.repository,
            tag: reference.tag,
          }),
        }),
      },
    },
    descriptors,
    open: async (descriptor) => {
      const document = documents.get(descriptor.digest);
      return document ? streamOf(document) : repository.openBlob(descriptor);
    },
  };
}

async function onlyPlatform(
  resolved: Descriptor,
  platform: string,
  fetch: (descriptor: Descriptor) => Promise<Uint8Array>,
): Promise<Descriptor> {
  if (!isIndexType(resolved.mediaType)) return resolved;
  const index = parseImageIndex(await fetch(resolved), resolved.digest);
  return selectPlatform(index.manifests, parsePlatform(platform), resolved.digest);
}

/** An artifact's name as a ref.name (image-spec, annotations.md gives the grammar). */
function refName(name: string): string {
  return name.replace(/[^A-Za-z0-9._@:/+-]+/g, "-");
}
