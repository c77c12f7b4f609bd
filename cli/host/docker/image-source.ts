/** `docker://NAME` as a source: the image as `docker save` gives it, its ID held to what the daemon said. */

import type { Files } from "../../../src/bytes/files.ts";
import { observed, tapped } from "../../../src/bytes/progress.ts";
import type { ByteStream } from "../../../src/bytes/stream.ts";
import { isSealiftError, SealiftError } from "../../../src/error.ts";
import type { Host } from "../../../src/host.ts";
import type { AnyManifest } from "../../../src/image/image.ts";
import { readDockerSave } from "../../../src/layout/docker-save.ts";
import { OCI_INDEX_FILE, readOciLayout } from "../../../src/layout/oci-layout.ts";
import type { Platform } from "../../../src/oci/descriptor.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { selectPlatform } from "../../../src/oci/platform.ts";
import { dockerSaveImage } from "../../../src/source/docker-save-source.ts";
import { ociLayoutImage } from "../../../src/source/layout-source.ts";
import type { Selection } from "../../../src/source/select-image.ts";
import { spoolTar } from "../../../src/tar/spool-tar.ts";
import { type DockerEngine, type EngineImage, hasSeveralPlatforms } from "./engine.ts";
import type { AskedImage } from "./image-name.ts";
import { trailingMessage } from "./trailing-message.ts";

/**
 * Reads an image from a daemon. The archive is spooled in one pass: daemons
 * write its layers in the order of their names and manifest.json near the end,
 * and a sink takes them in the image's order.
 * Throws NOT_FOUND, PLATFORM_NOT_FOUND, DIGEST_MISMATCH where the archive does not have the image.
 */
export async function dockerImage(
  engine: DockerEngine,
  { asked, name }: AskedImage,
  selection: Omit<Selection, "ref">,
  host: Host,
): Promise<AnyManifest> {
  const image = await engine.inspect(asked);
  if (selection.platform) requirePlatform(image, selection.platform, asked);
  const files = await savedFiles(await engine.save(asked), asked, host);
  const saved = await imageIn(files, image, selection, asked, host);
  return name ? { ...saved, name } : saved;
}

/** Throws PLATFORM_NOT_FOUND where the daemon has the image for another platform alone. */
export function requirePlatform(image: EngineImage, wanted: Platform, asked: string): void {
  if (hasSeveralPlatforms(image)) return;
  const { id, platform } = image;
  selectPlatform([{ mediaType: MEDIA_TYPE.ociManifest, digest: id, size: 0, platform }], wanted, asked);
}

async function savedFiles(archive: ByteStream, asked: string, host: Host): Promise<Files> {
  const last = trailingMessage();
  const shown = observed(tapped(archive, last.see), (done, finished) =>
    host.log({ type: "progress", id: asked, stage: "saving", done, finished }),
  );
  try {
    return await spoolTar(shown, host.spool, host.kernels);
  } catch (error) {
    const reason = last.message();
    if (reason === undefined) throw error;
    throw new SealiftError("DAEMON_ERROR", `Cannot save image ${asked}: ${reason}`, { cause: error });
  }
}

/** The ID is the config's digest; with containerd's image store that of a manifest or index, which the archive has as well. */
async function imageIn(
  files: Files,
  { id, platform: own }: EngineImage,
  selection: Omit<Selection, "ref">,
  asked: string,
  host: Host,
): Promise<AnyManifest> {
  if (await has(async () => (await readDockerSave(files, host.kernels)).select(id))) {
    return dockerSaveImage(files, id, host);
  }
  const isLayout = files.get(OCI_INDEX_FILE) !== undefined;
  if (isLayout && (await has(async () => (await readOciLayout(files, host.kernels)).select(id)))) {
    return ociLayoutImage(files, { ...selection, platform: selection.platform ?? own, ref: id }, host);
  }
  throw otherImage(asked, id);
}

async function has(select: () => Promise<unknown>): Promise<boolean> {
  try {
    await select();
    return true;
  } catch (error) {
    if (isSealiftError(error, "NOT_FOUND")) return false;
    throw error;
  }
}

function otherImage(asked: string, id: Digest): SealiftError {
  return new SealiftError(
    "DIGEST_MISMATCH",
    `Cannot save image ${asked}: docker says its ID is ${id}, and what it sent is another image`,
    { hint: "The name was moved meanwhile, or the daemon's store is damaged; try again." },
  );
}
