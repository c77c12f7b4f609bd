import type { Content } from "../bytes/content.ts";
import { streamOf } from "../bytes/stream.ts";
import type { Host } from "../host.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { walkGraph } from "../oci/graph.ts";
import { parseImageIndex } from "../oci/image-index.ts";
import { isIndexType } from "../oci/media-type.ts";
import { parsePlatform, selectPlatform } from "../oci/platform.ts";
import { formatReference, parseRemoteReference, type Reference, referenceTarget } from "../oci/reference.ts";
import { openRepository, type RepositoryOptions } from "../registry/repository.ts";
import type { BuiltArtifact } from "./assemble.ts";
import type { ArtifactDefinition } from "./definition.ts";
import { imagePaths } from "./target.ts";

type FetchDocument = (descriptor: Descriptor) => Promise<Uint8Array>;

/**
 * Resolves an `oci://` artifact to a digest and reads its manifests; layers
 * are fetched when the bundle is written. The image stays untouched, so that
 * its own signatures still hold.
 */
export async function imageArtifact(
  definition: ArtifactDefinition,
  text: string,
  host: Host,
  options: RepositoryOptions = {},
): Promise<BuiltArtifact> {
  const reference = parseRemoteReference(text);
  const repository = openRepository(host, reference, options);
  const documents = new Map<Digest, Uint8Array>();
  const fetch: FetchDocument = async ({ digest }) => {
    const bytes = documents.get(digest) ?? (await repository.manifest(digest)).bytes;
    documents.set(digest, bytes);
    return bytes;
  };
  const resolved = await repository.resolve(referenceTarget(reference));
  const image = definition.platform ? await ofPlatform(resolved, definition.platform, fetch) : resolved;
  const contents: Content[] = [];
  for await (const { descriptor, document } of walkGraph(image, fetch)) {
    const { digest, size } = descriptor;
    contents.push({
      digest,
      size,
      open: async () => (document ? streamOf(document) : repository.openBlob(descriptor)),
    });
  }
  return { ...describeImage(definition, image, imageName(reference)), contents };
}

/** An image's line of the lock, and its place in the root: named so that ordinary tools find it. */
export function describeImage(
  { name, origin, target }: Pick<ArtifactDefinition, "name" | "origin" | "target">,
  { mediaType, digest, size }: Descriptor,
  imageName: string | undefined,
): Omit<BuiltArtifact, "contents"> {
  const annotations = {
    [ANNOTATION.refName]: refName(name),
    ...(imageName && { [ANNOTATION.containerdImageName]: imageName }),
  };
  return {
    artifact: { type: "image", name, origin, target, mediaType, digest, size },
    child: { mediaType, digest, size, annotations },
    paths: imagePaths(target),
  };
}

async function ofPlatform(resolved: Descriptor, platform: string, fetch: FetchDocument): Promise<Descriptor> {
  if (!isIndexType(resolved.mediaType)) return resolved;
  const index = parseImageIndex(await fetch(resolved), resolved.digest);
  return selectPlatform(index.manifests, parsePlatform(platform), resolved.digest);
}

/** A name that `load` can give the image again; a digest alone is none. */
function imageName({ registry, repository, tag }: Reference): string | undefined {
  return tag && formatReference({ registry, repository, tag });
}

/** An artifact's name as a ref.name (image-spec, annotations.md gives the grammar). */
function refName(name: string): string {
  return name.replace(/[^A-Za-z0-9._@:/+-]+/g, "-");
}
