import { streamOf } from "../bytes/stream.ts";
import { isSealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { AnyManifest } from "../image/image.ts";
import type { OpenBlob } from "../image/stored-blob.ts";
import { type ManifestStorage, type StoredAttachment, storedManifest } from "../image/stored-manifest.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { digestAlgorithm, digestHex } from "../oci/digest.ts";
import { isDocument } from "../oci/graph.ts";
import { formatReference, type Reference, referenceTarget } from "../oci/reference.ts";
import type { PulledManifest } from "../registry/manifests.ts";
import { openRepository, type Repository, type RepositoryOptions } from "../registry/repository.ts";
import { type Selection, selectManifest } from "./select-image.ts";

/** An image in a registry. Reads its manifests; layers are downloaded when they are asked for. */
export async function registryImage(
  reference: Reference,
  selection: Omit<Selection, "ref">,
  host: Host,
  options: RepositoryOptions = {},
): Promise<AnyManifest> {
  const repository = openRepository(host, reference, options);
  const root = await repository.manifest(referenceTarget(reference));
  return imageInRepository(repository, root, reference, selection, host);
}

/** The image of a root that is known, whether or not the repository has that. */
export async function imageInRepository(
  repository: Repository,
  { descriptor, bytes }: Pick<PulledManifest, "descriptor" | "bytes">,
  reference: Reference,
  selection: Omit<Selection, "ref">,
  host: Host,
): Promise<AnyManifest> {
  const storage = knowing(descriptor, bytes, repositoryStorage(repository, selection.referrers ?? false));
  const selected = await selectManifest(descriptor, selection, storage.open, host);
  const name = formatReference({ ...reference, tag: reference.tag ?? "latest" });
  return storedManifest(selected, storage, host, { name });
}

/** The storage, without asking for a document again that is at hand. */
function knowing({ digest }: Descriptor, bytes: Uint8Array, storage: ManifestStorage): ManifestStorage {
  const { open } = storage;
  return { ...storage, open: async (wanted) => (wanted.digest === digest ? streamOf(bytes) : open(wanted)) };
}

/** A repository as the place of manifests and blobs. */
export function repositoryStorage(repository: Repository, referrers: boolean): ManifestStorage {
  const { registry, repository: name } = repository;
  const open: OpenBlob = async (descriptor) => {
    if (!isDocument(descriptor)) return repository.openBlob(descriptor);
    return streamOf((await repository.manifest(descriptor.digest)).bytes);
  };
  return {
    open,
    has: (descriptor) => repository.checkBlob(descriptor),
    openRange: (descriptor, start, end) => repository.openBlob(descriptor, start, end),
    origin: { registry, repository: name },
    ...(referrers && { attachments: (subject: Digest) => attachmentsOf(subject, repository) }),
  };
}

/** What cosign before its version 3 attaches: manifests that only their tags connect with the image. */
const COSIGN_TAGS = ["sig", "att", "sbom"];

async function attachmentsOf(subject: Digest, repository: Repository): Promise<readonly StoredAttachment[]> {
  const base = `${digestAlgorithm(subject)}-${digestHex(subject)}`;
  const [referrers, ...tagged] = await Promise.all([
    repository.referrers(subject),
    ...COSIGN_TAGS.map((suffix) => attachedByTag(`${base}.${suffix}`, repository)),
  ]);
  return [...referrers.map((descriptor) => ({ descriptor })), ...tagged.flat()];
}

async function attachedByTag(tag: string, repository: Repository): Promise<readonly StoredAttachment[]> {
  try {
    return [{ descriptor: await repository.resolve(tag), tag }];
  } catch (error) {
    if (isSealiftError(error, "MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND")) return [];
    throw error;
  }
}
