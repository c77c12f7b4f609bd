import { streamOf } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { decompress } from "../compression/decompress.ts";
import type { Host } from "../host.ts";
import { type OpenBlob, readDocument } from "../image/stored-blob.ts";
import { archiveSize, type PlannedEntry } from "../layout/archive-plan.ts";
import { planImageArchive } from "../layout/image-archive.ts";
import { type ImageConfig, parseImageConfig } from "../oci/config.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { childrenOf, isDocument } from "../oci/graph.ts";
import { parseManifest } from "../oci/manifest.ts";
import { declaredCompression, isIndexType, MEDIA_TYPE } from "../oci/media-type.ts";
import { formatPlatform } from "../oci/platform.ts";
import { encodeHeader } from "../tar/encode.ts";
import { paddingOf } from "../tar/header.ts";
import { END_OF_ARCHIVE, writeTar } from "../tar/write.ts";
import type { ContentsKind, ContentsNode, ContentsRegister, FileRange, Taken } from "./contents.ts";
import { layerNodes } from "./contents-image.ts";

/** As deep as any real index goes. */
const MAX_DEPTH = 16;

/** Where the blobs of a graph are. */
export interface BlobPlaces {
  /** A blob's bytes, unchecked. */
  readonly open: OpenBlob;
  /** Where a blob lies in the archive; undefined if it is not there. */
  range(digest: Digest): FileRange | undefined;
}

/** Describes what descriptors lead to, and makes its parts listable and takeable. */
export class GraphContents {
  readonly #places: BlobPlaces;
  readonly #register: ContentsRegister;
  readonly #host: Host;
  readonly #documents = new Map<Digest, Uint8Array>();

  constructor(places: BlobPlaces, register: ContentsRegister, host: Host) {
    this.#places = places;
    this.#register = register;
    this.#host = host;
  }

  /** An image, an index of images, or whatever else stands at a descriptor. Throws as reading its documents does. */
  async describe(descriptor: Descriptor, key: string, name: string, depth = 0): Promise<ContentsNode> {
    const { digest, size, platform } = descriptor;
    const base = { key, name, digest, detail: platform && formatPlatform(platform) };
    if (!this.#places.range(digest) || depth > MAX_DEPTH) {
      return { ...base, kind: "absent", size, detail: `${base.detail ?? "this part"} is not in the file` };
    }
    if (!isDocument(descriptor)) return this.blob(descriptor, key, "file", name);
    const document = await readDocument(descriptor, this.#places.open, this.#host);
    this.#documents.set(digest, document);
    const children = isIndexType(descriptor.mediaType)
      ? await this.#platforms(descriptor, document, key, depth)
      : await this.#manifest(document, key);
    const kind: ContentsKind = isIndexType(descriptor.mediaType) ? "index" : "image";
    const whole = isWhole(children);
    if (whole) this.#register.takeable(key, () => this.#image(descriptor, `${fileName(name)}.tar`));
    return {
      ...base,
      kind,
      size: children.reduce((sum, child) => sum + (child.size ?? 0), size),
      children,
      ...(whole && { saveAs: `${fileName(name)}.tar` }),
    };
  }

  /** A blob that is a file in its own right. */
  blob(descriptor: Descriptor, key: string, kind: ContentsKind, name: string): ContentsNode {
    const { digest, size } = descriptor;
    const saveAs = fileName(name);
    this.#register.takeable(key, async () => this.takeBlob(descriptor, saveAs));
    return { key, kind, name, size, digest, saveAs };
  }

  /** A blob's content under a name. */
  takeBlob(descriptor: Pick<Descriptor, "digest" | "size">, name: string): Taken {
    const { open, range } = this.#places;
    const at = range(descriptor.digest);
    return {
      name,
      size: descriptor.size,
      open: async () => verified(await open(descriptor as Descriptor), descriptor, this.#host.kernels),
      ...(at && { pieces: [at] }),
      dispose: async () => {},
    };
  }

  async #platforms(descriptor: Descriptor, document: Uint8Array, key: string, depth: number) {
    const nodes: ContentsNode[] = [];
    for (const [index, child] of childrenOf(descriptor, document).entries()) {
      const name = child.platform ? formatPlatform(child.platform) : (titleOf(child) ?? child.mediaType);
      nodes.push(await this.describe(child, `${key}/${index}`, name, depth + 1));
    }
    return nodes;
  }

  async #manifest(document: Uint8Array, key: string): Promise<readonly ContentsNode[]> {
    const { config, layers } = parseManifest(document);
    const image = await this.#config(config);
    if (!image || image.rootfs.diff_ids.length !== layers.length) {
      return layers.map((layer, index) =>
        this.blob(layer, `${key}/${index}`, "file", titleOf(layer) ?? layer.mediaType),
      );
    }
    const parts = layers.map((layer, index) => ({
      digest: layer.digest,
      size: layer.size,
      open: () => this.#layerTar(layer, image.rootfs.diff_ids[index] as Digest),
    }));
    const about = this.blob(config, `${key}/config`, "config", "config.json");
    const nodes = layerNodes(key, image, parts, this.#register, this.#host);
    const present = nodes.map(
      (node, index): ContentsNode =>
        this.#places.range((layers[index] as Descriptor).digest)
          ? node
          : { ...node, kind: "absent", listable: undefined, detail: "not in the file" },
    );
    return [{ ...about, detail: formatPlatform(image) }, ...present];
  }

  async #config(config: Descriptor): Promise<ImageConfig | undefined> {
    if (config.mediaType !== MEDIA_TYPE.ociConfig && config.mediaType !== MEDIA_TYPE.dockerConfig)
      return undefined;
    return parseImageConfig(await readDocument(config, this.#places.open, this.#host), config.digest);
  }

  async #layerTar(layer: Descriptor, diffId: Digest) {
    const { kernels } = this.#host;
    const blob = verified(await this.#places.open(layer), layer, kernels);
    const tar = decompress(blob, kernels, declaredCompression(layer.mediaType));
    return verified(tar, { digest: diffId }, kernels, `layer ${layer.digest} (uncompressed)`);
  }

  /** An image as an archive that docker and podman load: our headers around its blobs where they lie. */
  async #image(descriptor: Descriptor, name: string): Promise<Taken> {
    return this.takeArchive(planImageArchive(descriptor, this.#documents), name);
  }

  /** An archive of planned entries. */
  takeArchive(entries: readonly PlannedEntry[], name: string): Taken {
    const { kernels } = this.#host;
    const take = (descriptor: Descriptor) => this.takeBlob(descriptor, name);
    async function* members() {
      for (const { name, size, bytes, descriptor } of entries) {
        const body = bytes ? streamOf(bytes) : await take(descriptor).open();
        yield { name, size, body };
      }
    }
    const pieces = entries.flatMap(({ name, size, bytes, descriptor }) => [
      encodeHeader({ name, size }, kernels),
      bytes ?? (this.#places.range(descriptor.digest) as FileRange),
      new Uint8Array(paddingOf(size)),
    ]);
    return {
      name,
      size: archiveSize(entries, kernels),
      open: async () => writeTar(members(), kernels),
      pieces: [...pieces, END_OF_ARCHIVE],
      dispose: async () => {},
    };
  }
}

/** Whether all of it is there, so that it can be taken out as one. */
function isWhole(nodes: readonly ContentsNode[]): boolean {
  return nodes.every(({ kind, children }) => kind !== "absent" && isWhole(children ?? []));
}

function titleOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[ANNOTATION.title];
}

/** A name to save under, from a reference or a path. */
function fileName(name: string): string {
  return (name.split("/").pop() ?? "").replace(/[^\w.@+-]+/g, "-").replace(/^[.-]+/, "") || "image";
}
