import type { Slices } from "../bytes/slices.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { planImageArchive } from "../layout/image-archive.ts";
import { blobPath } from "../layout/oci-layout.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import { type Bundle, openBundle } from "./bundle.ts";
import type { BundleArtifact, BundleFile, FilesArtifact, ImageArtifact, TreeArtifact } from "./config.ts";
import type { Contents, ContentsNode, ContentsRegister } from "./contents.ts";
import { ContentsRegister as Register } from "./contents.ts";
import { GraphContents } from "./contents-graph.ts";
import { listTar } from "./contents-tar.ts";
import { blobIn, type Located, locateEntries, parseTableOfContents, readEntry } from "./locate.ts";
import { pathTree } from "./path-tree.ts";
import { baseName, targetFolder } from "./target.ts";

/** What a bundle holds, from its head alone: artifact by artifact, as they lie at their targets. */
export async function bundleContents(slices: Slices, host: Host): Promise<Contents> {
  const located = await locateEntries(slices, host.kernels);
  const bundle = await openLocated(slices, located, host);
  const register = new Register();
  const graph = new GraphContents(
    { open: bundle.open, range: (digest) => rangeIn(located, digest) },
    register,
    host,
  );
  const describer = new BundleDescriber(bundle, graph, register, host);
  return register.contents(await describer.nodes());
}

async function openLocated(slices: Slices, located: Located, host: Host): Promise<Bundle> {
  if (located.problem) {
    throw new SealiftError("BUNDLE_INVALID", `Cannot list the bundle: ${located.problem.reason}`);
  }
  const { root, referrers } = parseTableOfContents(await readEntry(slices, located, "index.json"));
  return openBundle(root, referrers, async (descriptor) => blobIn(slices, located, descriptor), host);
}

function rangeIn(located: Located, digest: Descriptor["digest"]) {
  const entry = located.byName.get(blobPath(digest));
  return entry && { start: entry.offset, end: entry.offset + entry.size };
}

class BundleDescriber {
  readonly #bundle: Bundle;
  readonly #graph: GraphContents;
  readonly #register: ContentsRegister;
  readonly #host: Host;

  constructor(bundle: Bundle, graph: GraphContents, register: ContentsRegister, host: Host) {
    this.#bundle = bundle;
    this.#graph = graph;
    this.#register = register;
    this.#host = host;
  }

  async nodes(): Promise<readonly ContentsNode[]> {
    const { config, plan } = this.#bundle;
    const nodes: ContentsNode[] = [];
    for (const [index, artifact] of config.artifacts.entries()) {
      nodes.push(await this.#artifact(artifact, `artifact-${index}`));
    }
    if (config.entrypoint) nodes.push(this.#file(config.entrypoint, "entrypoint", config.entrypoint.path));
    for (const { digest, size, artifactType } of plan.referrers) {
      nodes.push({ key: digest, kind: "signature", name: "Signature", detail: artifactType, digest, size });
    }
    return nodes;
  }

  async #artifact(artifact: BundleArtifact, key: string): Promise<ContentsNode> {
    if (artifact.type === "image") return this.#image(artifact, key);
    const children = artifact.type === "tree" ? undefined : this.#files(artifact, key);
    if (artifact.type === "tree") this.#listTree(artifact, key);
    const { name, target, digest } = artifact;
    const size = artifact.type === "tree" ? artifact.tree.size : totalSize(artifact.files);
    const listable = artifact.type === "tree" ? true : undefined;
    return { key, kind: "artifact", name, detail: target, digest, size, children, listable };
  }

  async #image(artifact: ImageArtifact, key: string): Promise<ContentsNode> {
    const { name, digest, target, mediaType, size } = artifact;
    const named = this.#bundle.plan.rootIndex.manifests.find((child) => child.digest === digest);
    const descriptor = named ?? { mediaType, digest, size };
    const node = await this.#graph.describe(descriptor, `${key}/image`, name);
    // The same bytes as `extract` puts at the target.
    const saveAs = targetFolder(target).endsWith(".tar") ? baseName(target) : `${name}.tar`;
    const entries = planImageArchive(descriptor, this.#bundle.plan.documents);
    this.#register.takeable(key, async () => this.#graph.takeArchive(entries, saveAs));
    const isIndex = node.kind === "index";
    const children = isIndex ? node.children : [{ ...node, name: node.detail ?? platformIn(node) }];
    return { key, kind: "artifact", name, detail: target, digest, size: node.size, children, saveAs };
  }

  /** By their paths below the target, which the artifact's own line has. */
  #files({ files, target }: FilesArtifact, key: string): readonly ContentsNode[] {
    const folder = `${targetFolder(target)}/`;
    const below = (path: string) => (path.startsWith(folder) ? path.slice(folder.length) : path);
    return pathTree(
      key,
      files.map((file, index) => ({
        path: below(file.path),
        node: this.#file(file, `${key}#${index}`, file.path),
      })),
    );
  }

  #file({ digest, size, mode }: BundleFile, key: string, path: string): ContentsNode {
    const descriptor = { mediaType: MEDIA_TYPE.octetStream, digest, size };
    const node = this.#graph.blob(descriptor, key, "file", baseName(path));
    return { ...node, mode: Number.parseInt(mode, 8) };
  }

  #listTree({ tree }: TreeArtifact, key: string): void {
    const open = () => this.#graph.takeBlob(tree, key).open();
    this.#register.listable(key, () => listTar({ key, open }, this.#register, this.#host));
  }
}

function totalSize(files: readonly BundleFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

function platformIn({ children }: ContentsNode): string {
  return children?.find(({ kind }) => kind === "config")?.detail ?? "image";
}
