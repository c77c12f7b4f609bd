import { digestOf } from "../bytes/content.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type ImageIndex, parseImageIndex } from "../oci/image-index.ts";
import { encodeJson } from "../oci/json.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { AnyManifest, Document, Image, Member, MultiPlatformImage } from "./image.ts";
import { once } from "./once.ts";

export function isMultiPlatform(image: AnyManifest): image is MultiPlatformImage {
  return "members" in image;
}

export function isImage(content: AnyManifest): content is Image {
  return "layers" in content;
}

/** The document that stands for it: its manifest or index. Does the work that digests depend on. */
export function documentOf(content: AnyManifest): Promise<Document<unknown>> {
  if (isMultiPlatform(content)) return content.index();
  return isImage(content) ? content.manifest() : Promise.resolve(content.manifest);
}

/** The same with every platform's image changed; what belonged to the old ones, an attestation, is left out. */
export function mapImages(content: AnyManifest, change: (image: Image) => Image, host: Host): AnyManifest {
  if (isImage(content)) return change(content);
  if (!isMultiPlatform(content)) return content;
  const members = content.members.map((member) => ({
    ...member,
    content: mapImages(member.content, change, host),
  }));
  return withMembers(content, members, host);
}

/** The image with other members. What did not change is never serialised again. */
export function withMembers(
  image: MultiPlatformImage,
  members: readonly Member[],
  host: Host,
): MultiPlatformImage {
  return { ...image, members, index: once(() => changedIndex(image, members, host)) };
}

async function changedIndex(
  image: MultiPlatformImage,
  members: readonly Member[],
  host: Host,
): Promise<Document<ImageIndex>> {
  const original = await image.index();
  const changed = new Map<Digest, Digest>();
  const listed: Descriptor[] = [];
  for (const { descriptor, content } of members) {
    const { mediaType, digest, size } = (await documentOf(content)).descriptor;
    if (digest !== descriptor.digest) changed.set(descriptor.digest, digest);
    listed.push({ ...descriptor, mediaType, digest, size });
  }
  const manifests = listed.filter((descriptor) => !isAbout(descriptor, changed));
  const same =
    manifests.length === original.value.manifests.length &&
    manifests.every(({ digest }, at) => digest === original.value.manifests[at]?.digest);
  if (same) return original;
  if (manifests.length < listed.length) {
    host.log({
      type: "warning",
      message: `Left out ${listed.length - manifests.length} attestations of images that a filter changed`,
    });
  }
  // An image that left Docker's family takes the list with it: neither may hold the other's.
  const left = original.descriptor.mediaType === MEDIA_TYPE.dockerManifestList && manifests.some(isOci);
  const mediaType = left ? MEDIA_TYPE.ociIndex : original.descriptor.mediaType;
  const bytes = encodeJson({ ...original.value, ...(left && { mediaType }), manifests });
  const descriptor = { mediaType, digest: digestOf(host.kernels, bytes), size: bytes.length };
  return { descriptor, bytes, value: parseImageIndex(bytes) };
}

function isOci({ mediaType }: Descriptor): boolean {
  return mediaType === MEDIA_TYPE.ociManifest || mediaType === MEDIA_TYPE.ociIndex;
}

/** BuildKit lists an attestation beside its image, by whose digest it says what it is about. */
const REFERENCE_DIGEST = "vnd.docker.reference.digest";

/** Whether a member of an index is about one of the digests. */
export function isAbout({ annotations }: Descriptor, digests: Pick<ReadonlySet<Digest>, "has">): boolean {
  return digests.has(annotations?.[REFERENCE_DIGEST] as Digest);
}

/** The image itself, for what can hold one platform only. Throws UNSUPPORTED. */
export function singlePlatform(content: AnyManifest, what: string): Image {
  if (isImage(content)) return content;
  if (!isMultiPlatform(content)) {
    throw new SealiftError(
      "UNSUPPORTED",
      `Cannot write ${what}: ${content.manifest.descriptor.digest} is an artifact, not an image`,
    );
  }
  throw new SealiftError("UNSUPPORTED", `Cannot write ${what}: it holds one platform of an image`, {
    hint: "Choose one with --platform, or leave out --all-platforms.",
  });
}
