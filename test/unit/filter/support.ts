/** Images of layers made byte by byte, and what is in them. */

import { gzipSync } from "node:zlib";
import { contentOf } from "../../../src/bytes/content.ts";
import { streamOf } from "../../../src/bytes/stream.ts";
import { applyFilters } from "../../../src/filter/filter.ts";
import type { Host } from "../../../src/host.ts";
import type { Image } from "../../../src/image/image.ts";
import { readImage } from "../../../src/image/stored-image.ts";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { MEDIA_TYPE } from "../../../src/oci/media-type.ts";
import { parseFilter } from "../../../src/pipeline/filters.ts";
import { readTar } from "../../../src/tar/read.ts";
import { tarOf } from "../../images.ts";
import { member } from "../image/layers.ts";
import { archive, readAll, text } from "../tar/raw.ts";

type Member = string | Uint8Array;

export interface ImageSpec {
  readonly name?: string;
  readonly family?: "oci" | "docker";
  readonly config?: object;
}

/** An image whose layers have these members, each as `member` takes it or as its bytes. */
export async function imageOf(
  layers: readonly (readonly Member[])[],
  host: Host,
  { name, family = "oci", config: more = {} }: ImageSpec = {},
): Promise<Image> {
  const blobs = new Map<string, Uint8Array>();
  const hold = (bytes: Uint8Array, mediaType: string): Descriptor => {
    const { digest, size } = contentOf(host.kernels, bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size };
  };
  const isOci = family === "oci";
  const tars = layers.map((members) =>
    archive(...members.map((spec) => (typeof spec === "string" ? member(spec) : spec))),
  );
  const diff_ids = tars.map((tar) => contentOf(host.kernels, tar).digest);
  const config = hold(
    encodeJson({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids }, ...more }),
    isOci ? MEDIA_TYPE.ociConfig : MEDIA_TYPE.dockerConfig,
  );
  const mediaType = isOci ? MEDIA_TYPE.ociManifest : MEDIA_TYPE.dockerManifest;
  const layerType = isOci ? MEDIA_TYPE.ociLayerGzip : MEDIA_TYPE.dockerLayerGzip;
  const blobsOf = tars.map((tar) => hold(gzipSync(tar), layerType));
  const manifest = hold(encodeJson({ schemaVersion: 2, mediaType, config, layers: blobsOf }), mediaType);
  const open = async ({ digest }: Descriptor) => streamOf(blobs.get(digest) as Uint8Array);
  return readImage(manifest, { open }, host, name ? { name } : {});
}

/** The image with filters as the command line has them. */
export function filtered(image: Image, host: Host, ...specs: string[]): Image {
  return applyFilters(
    image,
    specs.map((spec) => parseFilter(spec)),
    host,
  ) as Image;
}

/** Each layer's members: `name/`, `name -> target`, `name => target`, `name: content`. */
export async function listed(image: Image, host: Host): Promise<string[][]> {
  const layers: string[][] = [];
  for (const layer of image.layers) {
    const members: string[] = [];
    const tar = streamOf(await tarOf(layer));
    for await (const { name, type, linkname, body } of readTar(tar, host.kernels)) {
      if (type === "symlink") members.push(`${name} -> ${linkname}`);
      else if (type === "hardlink") members.push(`${name} => ${linkname}`);
      else if (type === "file") members.push(`${name}: ${text(await readAll(body))}`);
      else members.push(name);
    }
    layers.push(members);
  }
  return layers;
}

/** That a changed image's digests agree with its bytes. */
export async function digestsHold(image: Image, host: Host): Promise<boolean> {
  const config = await image.config();
  const manifest = await image.manifest();
  if (manifest.value.config.digest !== contentOf(host.kernels, config.bytes).digest) return false;
  for (const [index, layer] of image.layers.entries()) {
    const blob = await layer.blob();
    const bytes = await readAll(await blob.open());
    const { digest } = contentOf(host.kernels, bytes);
    if (digest !== blob.digest || digest !== manifest.value.layers[index]?.digest) return false;
    const tar = contentOf(host.kernels, await readAll(await (await layer.tar()).open()));
    if (tar.digest !== config.value.rootfs.diff_ids[index]) return false;
  }
  return config.value.rootfs.diff_ids.length === image.layers.length;
}
