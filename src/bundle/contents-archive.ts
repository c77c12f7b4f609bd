import { digestOf } from "../bytes/content.ts";
import type { Files } from "../bytes/files.ts";
import { verified } from "../bytes/verified.ts";
import { decompress } from "../compression/decompress.ts";
import type { Host } from "../host.ts";
import { readDockerSave } from "../layout/docker-save.ts";
import { blobPath, readOciLayout } from "../layout/oci-layout.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import type { TarIndex } from "../tar/tar-index.ts";
import type { ArchiveFile } from "./archive-file.ts";
import { type Contents, type ContentsNode, ContentsRegister } from "./contents.ts";
import { bundleContents } from "./contents-bundle.ts";
import { GraphContents } from "./contents-graph.ts";
import { layerNodes, platformOf } from "./contents-image.ts";

/** What a file holds, without reading more than its documents. Throws as those do. */
export function contentsOf(file: ArchiveFile, host: Host): Promise<Contents> {
  if (file.kind === "bundle") return bundleContents(file.slices, host);
  return file.kind === "docker-save" ? dockerSaveContents(file.files, host) : ociContents(file.files, host);
}

async function ociContents(files: TarIndex, host: Host): Promise<Contents> {
  const layout = await readOciLayout(files, host.kernels);
  const register = new ContentsRegister();
  const places = new Map(
    files.files.map(({ name, offset, size }) => [name, { start: offset, end: offset + size }]),
  );
  const graph = new GraphContents(
    {
      open: (descriptor) =>
        layout.open({ ...descriptor, size: files.get(blobPath(descriptor.digest))?.size ?? 0 }),
      range: (digest) => places.get(blobPath(digest)),
    },
    register,
    host,
  );
  const nodes: ContentsNode[] = [];
  for (const [index, descriptor] of layout.index.manifests.entries()) {
    nodes.push(await graph.describe(descriptor, `image-${index}`, nameOf(descriptor)));
  }
  return register.contents(nodes);
}

function nameOf({ annotations, digest, artifactType }: Descriptor): string {
  const name = annotations?.[ANNOTATION.containerdImageName] ?? annotations?.[ANNOTATION.refName];
  return name ?? artifactType ?? digest;
}

async function dockerSaveContents(files: Files, host: Host): Promise<Contents> {
  const archive = await readDockerSave(files, host.kernels);
  const register = new ContentsRegister();
  const nodes: ContentsNode[] = [];
  for (const [index, entry] of archive.images.entries()) {
    const { config, configBytes, layers } = await archive.read(entry);
    const key = `image-${index}`;
    const parts = layers.map(({ diffId, digest = diffId, size, open }) => ({
      digest,
      size,
      open: async () =>
        verified(decompress(await open(), host.kernels), { digest: diffId }, host.kernels, `layer ${digest}`),
    }));
    nodes.push({
      key,
      kind: "image",
      name: entry.repoTags[0] ?? entry.config,
      detail: platformOf(config),
      digest: digestOf(host.kernels, configBytes),
      size: layers.reduce((sum, { size }) => sum + size, configBytes.length),
      children: layerNodes(key, config, parts, register, host),
    });
  }
  return register.contents(nodes);
}
