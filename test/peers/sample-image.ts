/** An image for two platforms with several layers, made here, as an OCI layout. */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { MEDIA_TYPE } from "../../src/oci/media-type.ts";
import { run } from "./peer.ts";

/** Bytes of the largest layer, unless more are asked for. */
const LARGEST = 3_000_000;

export interface SampleImage {
  /** The index of both platforms. */
  readonly index: Descriptor;
  /** Its manifests, by architecture. */
  readonly manifests: Readonly<Record<"amd64" | "arm64", Descriptor>>;
}

/** Writes the layout into `folder` with the index as `tag`. Layers are random: no peer has them already. */
export async function makeSampleImage(folder: string, tag: string, largest = LARGEST): Promise<SampleImage> {
  const blobs = join(folder, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const add = async (mediaType: string, bytes: Uint8Array): Promise<Descriptor> => {
    const digest = parseDigest(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
    await writeFile(join(blobs, digest.slice(7)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const addJson = (value: { mediaType: string; [field: string]: unknown }) =>
    add(value.mediaType, Buffer.from(JSON.stringify(value)));

  const image = async (architecture: string) => {
    const layers = [];
    const diffIds = [];
    for (const [number, size] of [100, largest, 12_345].entries()) {
      const tar = await tarOf(folder, `file-${number}`, randomBytes(size));
      diffIds.push(`sha256:${createHash("sha256").update(tar).digest("hex")}`);
      layers.push(await add(MEDIA_TYPE.ociLayerGzip, gzipSync(tar)));
    }
    const config = { architecture, os: "linux", config: {}, rootfs: { type: "layers", diff_ids: diffIds } };
    const configBlob = await add(MEDIA_TYPE.ociConfig, Buffer.from(JSON.stringify(config)));
    return addJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config: configBlob, layers });
  };
  const manifests = { amd64: await image("amd64"), arm64: await image("arm64") };
  const platforms = Object.entries(manifests).map(([architecture, descriptor]) => ({
    ...descriptor,
    platform: { os: "linux", architecture },
  }));
  const index = await addJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: platforms });
  const named = { ...index, annotations: { "org.opencontainers.image.ref.name": tag } };
  await writeFile(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  return { index, manifests };
}

async function tarOf(folder: string, name: string, content: Uint8Array): Promise<Buffer> {
  const [file, archive] = [join(folder, name), join(folder, `${name}.tar`)];
  await writeFile(file, content);
  await run("tar", ["-C", folder, "--owner=0", "--group=0", "-cf", archive, name]);
  const bytes = await readFile(archive);
  await Promise.all([rm(file), rm(archive)]);
  return bytes;
}
