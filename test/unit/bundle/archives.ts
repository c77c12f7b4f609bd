/** Archives of one image as other tools write them, made by our sinks and by hand. */
import { gzipSync } from "node:zlib";
import { collect, streamOf } from "../../../src/bytes/stream.ts";
import { writeDockerSave } from "../../../src/layout/docker-save-writer.ts";
import { encodeJson } from "../../../src/oci/json.ts";
import { tarFilesWriter } from "../../../src/tar/files-writer.ts";
import { writeTar } from "../../../src/tar/write.ts";
import { type FileSpec, type TestImage, testImage } from "../../images.ts";
import type { MemoryHost } from "../../memory-host.ts";

export const LAYERS: readonly (readonly FileSpec[])[] = [
  [{ name: "bin/server" }, { name: "etc/server.conf", content: "port = 80\n" }],
  [{ name: "srv/data.txt", content: "data\n" }],
];

/** Files as a tar, in the order given. */
export function tarOfFiles(
  files: Readonly<Record<string, Uint8Array>>,
  host: MemoryHost,
): Promise<Uint8Array> {
  const members = Object.entries(files).map(([name, bytes]) => ({
    name,
    size: bytes.length,
    body: streamOf(bytes),
  }));
  return collect(writeTar(members, host.kernels), 1 << 26);
}

export interface OciArchive extends TestImage {
  /** By name in the archive. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** As skopeo writes it: blobs, then index.json and oci-layout. */
export async function ociArchive(host: MemoryHost, layers = LAYERS): Promise<OciArchive> {
  const made = await testImage(layers, host);
  const blobs = [...made.blobs].map(([digest, bytes]) => [digest.replace(":", "/"), bytes] as const);
  const manifest = { ...made.manifest, annotations: { "org.opencontainers.image.ref.name": "server:1.0" } };
  const files = {
    ...Object.fromEntries(blobs.map(([name, bytes]) => [`blobs/${name}`, bytes])),
    "index.json": encodeJson({ schemaVersion: 2, manifests: [manifest] }),
    "oci-layout": encodeJson({ imageLayoutVersion: "1.0.0" }),
  };
  return { ...made, files };
}

/** As Docker 1.10 to 24 save it. */
export async function dockerSave(host: MemoryHost, layers = LAYERS): Promise<Uint8Array> {
  const { image } = await testImage(layers, host);
  const file = await host.files.createFile("saved.tar");
  const writer = writeDockerSave(tarFilesWriter(file, host.kernels));
  const diffIds = await Promise.all(image.layers.map((layer) => layer.diffId()));
  for (const layer of image.layers) await writer.layer(await layer.tar());
  const config = await image.config();
  const content = {
    digest: config.descriptor.digest,
    size: config.bytes.length,
    open: async () => streamOf(config.bytes),
  };
  await writer.image({ config: content, diffIds, repoTags: ["server:1.0"] });
  await writer.finish();
  return host.files.files.get("saved.tar") as Uint8Array;
}

export function gzipped(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(gzipSync(bytes));
}
