import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type ImageIndex, parseImageIndex } from "../oci/image-index.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { isIndexType, MEDIA_TYPE } from "../oci/media-type.ts";
import type { AnyManifest, Attached, Attachment, Member, Named } from "./image.ts";
import { storedArtifact } from "./stored-artifact.ts";
import { type BlobStorage, readDocument } from "./stored-blob.ts";
import { storedImage } from "./stored-image.ts";

/** Where manifests are stored. */
export interface ManifestStorage extends BlobStorage {
  /** What is attached to a digest, where that is wanted too. */
  readonly attachments?: (subject: Digest) => Promise<readonly StoredAttachment[]>;
}

export interface StoredAttachment extends Pick<Attachment, "tag"> {
  readonly descriptor: Descriptor;
}

/** An index inside an index is rare, a third level unheard of. */
const MAX_NESTING = 4;
/** What is attached to what is attached: a signature of an SBOM, and one more. */
const MAX_ATTACHED = 4;

/** Where in the graph a manifest stands. */
interface Position {
  readonly nesting: number;
  readonly attached: number;
}

/**
 * Whatever a descriptor stands for: an image, an index with all its platforms,
 * or an artifact. Reads the manifests, configs and layers on demand.
 * Throws LIMIT_EXCEEDED on an index nested too deep.
 */
export function storedManifest(
  descriptor: Descriptor,
  storage: ManifestStorage,
  host: Host,
  names: Named = {},
): Promise<AnyManifest> {
  return read(descriptor, storage, host, { nesting: 0, attached: 0 }, names);
}

async function read(
  descriptor: Descriptor,
  storage: ManifestStorage,
  host: Host,
  position: Position,
  names: Named,
): Promise<AnyManifest> {
  const bytes = await readDocument(descriptor, storage.open, host);
  const known = { ...names, ...attachedTo(descriptor.digest, storage, host, position) };
  if (isIndexType(descriptor.mediaType)) {
    const value = parseImageIndex(bytes, descriptor.digest);
    const members = await readMembers(descriptor, value, storage, host, position);
    return { ...known, members, index: async () => ({ descriptor, bytes, value }) };
  }
  const value = parseManifest(bytes, descriptor.digest);
  const stored = position.attached === 0 && isImageManifest(descriptor, value) ? storedImage : storedArtifact;
  return stored({ descriptor, bytes, value }, storage, host, known);
}

function attachedTo(subject: Digest, storage: ManifestStorage, host: Host, { attached }: Position): Attached {
  const find = storage.attachments;
  if (!find || attached === MAX_ATTACHED) return {};
  const list = async () => {
    const found: Attachment[] = [];
    for (const { descriptor, tag } of await find(subject)) {
      const content = await read(descriptor, storage, host, { nesting: 0, attached: attached + 1 }, {});
      found.push({ content, ...(tag && { tag }) });
    }
    return found;
  };
  return { attachments: { subject, list } };
}

async function readMembers(
  { digest }: Descriptor,
  index: ImageIndex,
  storage: ManifestStorage,
  host: Host,
  position: Position,
): Promise<readonly Member[]> {
  if (position.nesting === MAX_NESTING) {
    throw new SealiftError("LIMIT_EXCEEDED", `Cannot read ${digest}: its indexes are nested too deep`);
  }
  const inside = { ...position, nesting: position.nesting + 1 };
  const members: Member[] = [];
  for (const descriptor of index.manifests) {
    members.push({ descriptor, content: await read(descriptor, storage, host, inside, {}) });
  }
  return members;
}

/**
 * An attestation has an image's config type but no platform, an artifact a
 * config of its own type; cosign's signatures pass for images, so what is
 * attached is never taken for one.
 */
function isImageManifest({ platform }: Descriptor, { artifactType, config, subject }: Manifest): boolean {
  if (platform?.os === "unknown" || artifactType !== undefined || subject) return false;
  return config.mediaType === MEDIA_TYPE.ociConfig || config.mediaType === MEDIA_TYPE.dockerConfig;
}
