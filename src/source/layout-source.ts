import type { Files } from "../bytes/files.ts";
import type { Host } from "../host.ts";
import type { Image } from "../image/image.ts";
import { type ImageNames, storedImage } from "../image/stored-image.ts";
import { readOciLayout } from "../layout/oci-layout.ts";
import { sniffLayout } from "../layout/sniff.ts";
import { ANNOTATION, type Descriptor, type Platform } from "../oci/descriptor.ts";
import { dockerSaveImage } from "./docker-save-source.ts";
import { imageManifest, matchPlatform } from "./select-image.ts";

/** Which of several images, and for which platform. */
export interface Selection {
  /** A name, tag or digest; needed only where there are several. */
  readonly ref?: string;
  readonly platform?: Platform | undefined;
}

/** An image of any set of files that is a layout: an OCI layout or a docker-save archive, told by its files. */
export async function filesImage(
  files: Files,
  selection: Selection,
  host: Host,
  what: string,
): Promise<Image> {
  if (sniffLayout(files, what) === "docker-save") return savedImage(files, selection, host);
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
export async function ociLayoutImage(files: Files, { ref, platform }: Selection, host: Host): Promise<Image> {
  const layout = await readOciLayout(files, host.kernels);
  const selected = layout.select(ref);
  const open = (descriptor: Descriptor) => layout.open(descriptor);
  const manifest = await imageManifest(selected, platform, open, host);
  return storedImage(manifest, open, host, namesOf(selected));
}

function namesOf({ annotations }: Descriptor): ImageNames {
  const ref = annotations?.[ANNOTATION.refName];
  // A ref.name is a tag as often as a full name; a tag alone names no repository.
  const name = annotations?.[ANNOTATION.containerdImageName] ?? (ref?.includes("/") ? ref : undefined);
  return { ...(name && { name }), ...(ref && { ref }) };
}
