/** Small images made by code: layers with times, in the forms archives have them. */
import { gzipSync } from "node:zlib";
import { contentOf } from "../src/bytes/content.ts";
import { collect, streamOf } from "../src/bytes/stream.ts";
import type { Host } from "../src/host.ts";
import type { Image, Layer } from "../src/image/image.ts";
import { readImage } from "../src/image/stored-image.ts";
import type { Descriptor } from "../src/oci/descriptor.ts";
import { encodeJson } from "../src/oci/json.ts";
import { MEDIA_TYPE } from "../src/oci/media-type.ts";
import { type TarMember, writeTar } from "../src/tar/write.ts";

const encoder = new TextEncoder();

export interface FileSpec {
  readonly name: string;
  readonly content?: string;
  readonly mtime?: number;
}

/** A layer's uncompressed tar. */
export async function layerTar(files: readonly FileSpec[], host: Host): Promise<Uint8Array> {
  const members = files.map(({ name, content = name, mtime = 1_700_000_000 }): TarMember => {
    const bytes = encoder.encode(content);
    return { name, mtime, size: bytes.length, body: streamOf(bytes) };
  });
  return collect(writeTar(members, host.kernels), 1 << 24);
}

export interface TestImage {
  readonly image: Image;
  readonly manifest: Descriptor;
  /** By digest: manifest, config, layers. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** An image whose layers another gzip than ours has compressed. */
export async function testImage(
  layers: readonly (readonly FileSpec[])[],
  host: Host,
  name?: string,
): Promise<TestImage> {
  const blobs = new Map<string, Uint8Array>();
  const hold = (bytes: Uint8Array, mediaType: string): Descriptor => {
    const { digest, size } = contentOf(host.kernels, bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size };
  };
  const tars = await Promise.all(layers.map((files) => layerTar(files, host)));
  const diffIds = tars.map((tar) => contentOf(host.kernels, tar).digest);
  const config = hold(
    encodeJson({
      architecture: "amd64",
      os: "linux",
      created: "2024-01-01T00:00:00Z",
      config: { Env: ["PATH=/bin"], Cmd: ["/hello"] },
      rootfs: { type: "layers", diff_ids: diffIds },
      history: tars.map(() => ({ created_by: "test" })),
      "x-unknown": { kept: true },
    }),
    MEDIA_TYPE.ociConfig,
  );
  const descriptors = tars.map((tar) => hold(gzipSync(tar, { level: 9 }), MEDIA_TYPE.ociLayerGzip));
  const manifest = hold(
    encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config, layers: descriptors }),
    MEDIA_TYPE.ociManifest,
  );
  const open = async ({ digest }: Descriptor) => streamOf(blobs.get(digest) ?? new Uint8Array());
  return { image: await readImage(manifest, { open }, host, name ? { name } : {}), manifest, blobs };
}

/** A layer's tar, read whole. */
export async function tarOf(layer: Layer): Promise<Uint8Array> {
  return collect(await layer.stream(), 1 << 24);
}
