import { verifiedContent } from "../bytes/content.ts";
import type { Files } from "../bytes/files.ts";
import { tapped } from "../bytes/progress.ts";
import { drain } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { decompress } from "../compression/decompress.ts";
import type { Host } from "../host.ts";
import { assembledImage } from "../image/assembled-image.ts";
import type { Image, Layer } from "../image/image.ts";
import { once } from "../image/once.ts";
import { storedBlob } from "../image/stored-blob.ts";
import { storedLayer } from "../image/stored-layer.ts";
import { tarLayer } from "../image/tar-layer.ts";
import { type DockerSaveLayer, readDockerSave } from "../layout/docker-save.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, formatDigest } from "../oci/digest.ts";
import { MEDIA_TYPE, withCompression } from "../oci/media-type.ts";

/** An image of a docker-save archive or folder. It has no manifest there, so it gets one. */
export async function dockerSaveImage(files: Files, ref: string | undefined, host: Host): Promise<Image> {
  const archive = await readDockerSave(files, host.kernels);
  const { repoTags, configBytes, config, layers } = await archive.read(archive.select(ref));
  const [name] = repoTags;
  const parts = { configBytes, config, layers: layers.map((layer) => savedLayer(layer, host)) };
  return assembledImage({ ...parts, ...(name && { name }) }, host);
}

function savedLayer(saved: DockerSaveLayer, host: Host): Layer {
  if (saved.compression === "none") {
    const { diffId, size, open, slices } = saved;
    return tarLayer(verifiedContent(host.kernels, { digest: diffId, size }, open), host, slices);
  }
  return compressedLayer(saved, host);
}

/** A layer saved compressed is kept as it is; where its name does not tell its digest, it is read once for it. */
function compressedLayer(saved: DockerSaveLayer, host: Host): Layer {
  if (saved.digest) return fileLayer(saved, saved.digest, host);
  const layer = once(async () => fileLayer(saved, await digestOfFile(saved, host), host));
  return {
    mediaType: withCompression(MEDIA_TYPE.ociLayer, saved.compression),
    diffId: async () => saved.diffId,
    blob: async (to) => (await layer()).blob(to),
    tar: async () => (await layer()).tar(),
    stream: async () => (await layer()).stream(),
    packed: async () => (await layer()).packed?.(),
    release: async () => (await layer()).release(),
  };
}

function fileLayer(
  { size, compression, open, slices, diffId }: DockerSaveLayer,
  digest: Digest,
  host: Host,
): Layer {
  const descriptor = { mediaType: withCompression(MEDIA_TYPE.ociLayer, compression), digest, size };
  const openRange = async (_: Descriptor, start: number, end: number) => slices.slice(start, end);
  const blob = storedBlob(descriptor, { open, openRange }, host);
  return storedLayer({ blob, diffId: async () => diffId }, host);
}

/** The digest of a file that nothing vouches for but its diff_id: so that is checked in the same pass. */
async function digestOfFile(saved: DockerSaveLayer, host: Host): Promise<Digest> {
  const { kernels } = host;
  const hasher = kernels.hasher("sha256");
  try {
    const file = tapped(await saved.open(), (chunk) => hasher.update(chunk));
    await drain(
      verified(decompress(file, kernels), { digest: saved.diffId }, kernels, `layer ${saved.file}`),
    );
    return formatDigest("sha256", hasher.digest());
  } finally {
    hasher.release();
  }
}
