import type { Files } from "../bytes/files.ts";
import type { Host } from "../host.ts";
import type { AnyManifest, Image, Named } from "../image/image.ts";
import { readDocument } from "../image/stored-blob.ts";
import { type ManifestStorage, type StoredAttachment, storedManifest } from "../image/stored-manifest.ts";
import { refuseDisagreement } from "../layout/list-agreement.ts";
import { type OciLayout, readOciLayout } from "../layout/oci-layout.ts";
import { sniffLayout } from "../layout/sniff.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestAlgorithm, digestHex } from "../oci/digest.ts";
import { isDocument } from "../oci/graph.ts";
import { parseImageIndex } from "../oci/image-index.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isIndexType } from "../oci/media-type.ts";
import { dockerSaveImage } from "./docker-save-source.ts";
import { matchPlatform, type Selection, selectManifest } from "./select-image.ts";

/** An image of any set of files that is a layout: an OCI layout or a docker-save archive, told by its files. */
export async function filesImage(
  files: Files,
  selection: Selection,
  host: Host,
  what: string,
): Promise<AnyManifest> {
  if (sniffLayout(files, what) === "docker-save") return savedImage(files, selection, host);
  await refuseDisagreement(files, host.kernels, what);
  return ociLayoutImage(files, selection, host);
}

async function savedImage(files: Files, { ref, platform }: Selection, host: Host): Promise<Image> {
  const image = await dockerSaveImage(files, ref, host);
  if (!platform) return image;
  const { value, descriptor } = await image.config();
  matchPlatform(value, platform, descriptor);
  return image;
}

/** An image of an OCI layout, with its manifest untouched. */
export async function ociLayoutImage(files: Files, selection: Selection, host: Host): Promise<AnyManifest> {
  const layout = await readOciLayout(files, host.kernels);
  const storage = layoutStorage(layout, selection.referrers ?? false, host);
  const entry = layout.select(selection.ref);
  const selected = await selectManifest(entry, selection, storage.open, host);
  return storedManifest(selected, storage, host, namesOf(entry));
}

export function layoutStorage(layout: OciLayout, referrers: boolean, host: Host): ManifestStorage {
  const open = (descriptor: Descriptor) => layout.open(descriptor);
  const has = async (descriptor: Descriptor) => layout.has(descriptor);
  const { openRange } = layout;
  if (!referrers) return { open, openRange, has };
  return { open, openRange, has, attachments: (subject) => attachmentsOf(subject, layout, host) };
}

/** In a layout what is attached stands in index.json; its manifest names the subject, or cosign's tag does. */
async function attachmentsOf(
  subject: Digest,
  layout: OciLayout,
  host: Host,
): Promise<readonly StoredAttachment[]> {
  const found = new Map<Digest, StoredAttachment>();
  const prefix = `${digestAlgorithm(subject)}-${digestHex(subject)}.`;
  for (const descriptor of layout.index.manifests.filter(isDocument)) {
    const tag = descriptor.annotations?.[ANNOTATION.refName];
    if (tag?.startsWith(prefix)) found.set(descriptor.digest, { descriptor, tag });
    else {
      const document = await readDocument(descriptor, layout.open, host);
      const parse = isIndexType(descriptor.mediaType) ? parseImageIndex : parseManifest;
      if (parse(document, descriptor.digest).subject?.digest === subject)
        found.set(descriptor.digest, { descriptor });
    }
  }
  return [...found.values()];
}

export function namesOf({ annotations }: Descriptor): Named {
  const ref = annotations?.[ANNOTATION.refName];
  // A ref.name is a tag as often as a full name; a tag alone names no repository.
  const name = annotations?.[ANNOTATION.containerdImageName] ?? (ref?.includes("/") ? ref : undefined);
  return { ...(name && { name }), ...(ref && { ref }) };
}
