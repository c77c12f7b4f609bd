import { streamOf } from "../bytes/stream.ts";
import type { Host } from "../host.ts";
import type { Image } from "../image/image.ts";
import { type OpenBlob, storedImage } from "../image/stored-image.ts";
import type { Platform } from "../oci/descriptor.ts";
import { isDocument } from "../oci/graph.ts";
import { formatReference, type Reference, referenceTarget } from "../oci/reference.ts";
import { openRepository, type RepositoryOptions } from "../registry/repository.ts";
import { imageManifest } from "./select-image.ts";

/** An image in a registry. Reads its manifest; layers are downloaded when they are asked for. */
export async function registryImage(
  reference: Reference,
  platform: Platform | undefined,
  host: Host,
  options: RepositoryOptions = {},
): Promise<Image> {
  const repository = openRepository(host, reference, options);
  const open: OpenBlob = async (descriptor) => {
    if (!isDocument(descriptor)) return repository.openBlob(descriptor);
    return streamOf((await repository.manifest(descriptor.digest)).bytes);
  };
  const { descriptor } = await repository.manifest(referenceTarget(reference));
  const manifest = await imageManifest(descriptor, platform, open, host);
  const name = formatReference({ ...reference, tag: reference.tag ?? "latest" });
  return storedImage(manifest, open, host, { name });
}
