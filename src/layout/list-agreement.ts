/** One archive, two lists: index.json, and the manifest.json that docker and podman load by. */
import type { Files } from "../bytes/files.ts";
import { type ByteStream, chunksOf, collect } from "../bytes/stream.ts";
import { decompress } from "../compression/decompress.ts";
import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { parseImageConfig } from "../oci/config.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestAlgorithm, formatDigest } from "../oci/digest.ts";
import { childrenOf, isDocument } from "../oci/graph.ts";
import { MAX_DOCUMENT_SIZE } from "../oci/json.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { isIndexType } from "../oci/media-type.ts";
import {
  DOCKER_SAVE_MANIFEST,
  type DockerSaveEntry,
  imageNames,
  readDockerManifest,
  tagName,
} from "./docker-save.ts";
import { blobPath, OCI_INDEX_FILE, type OciLayout, readOciLayout } from "./oci-layout.ts";

/**
 * What a layout's manifest.json gives its readers and index.json does not lead
 * to under that name, a sentence each; undefined where there is no manifest.json.
 * A layer that is no blob by its name is read, and without `reads` taken for the
 * right one. Throws as reading the two lists does, and what was wrong with a
 * manifest where nothing else is the entry's.
 */
export async function listDisagreements(
  files: Files,
  kernels: Kernels,
  reads = true,
): Promise<readonly string[] | undefined> {
  if (!files.get(DOCKER_SAVE_MANIFEST)) return undefined;
  const comparison = new ListComparison(files, await readOciLayout(files, kernels), kernels, reads);
  const found: string[] = [];
  for (const entry of await readDockerManifest(files)) found.push(...(await comparison.disagreements(entry)));
  return found;
}

/** For who takes one image by the one list: it must not be another by the other. Throws LAYOUT_INVALID. */
export async function refuseDisagreement(files: Files, kernels: Kernels, what: string): Promise<void> {
  const [first] = (await listDisagreements(files, kernels)) ?? [];
  if (!first) return;
  throw new SealiftError(
    "LAYOUT_INVALID",
    `Cannot read ${what}: ${OTHER_IMAGE}; ${DOCKER_SAVE_MANIFEST} ${first}`,
    { hint: "By index.json alone it is read as oci-archive://, a folder as oci-layout://." },
  );
}

/** What a disagreement comes to. */
export const OTHER_IMAGE = `readers of ${DOCKER_SAVE_MANIFEST} load another image than ${OCI_INDEX_FILE} names`;

/** Far above any real archive; bounds what entries times names times nested indexes can ask for. */
const MAX_VISITS = 100_000;
/** As deep as any real index goes. */
const MAX_DEPTH = 16;

class ListComparison {
  readonly #files: Files;
  readonly #layout: OciLayout;
  readonly #kernels: Kernels;
  readonly #reads: boolean;
  /** What index.json lists, by each name that it has there. */
  readonly #named = new Map<string, Descriptor[]>();
  /** Of each entry of index.json, what it leads to. */
  readonly #images = new Map<Digest, readonly Manifest[]>();
  readonly #fileDigests = new Map<string, Digest>();
  #visits = 0;
  /** Why something that index.json leads to could not be read. */
  #unread: unknown;

  constructor(files: Files, layout: OciLayout, kernels: Kernels, reads: boolean) {
    this.#files = files;
    this.#layout = layout;
    this.#kernels = kernels;
    this.#reads = reads;
    for (const descriptor of layout.index.manifests) {
      for (const name of namesOf(descriptor)) {
        const others = this.#named.get(name) ?? [];
        others.push(descriptor);
        this.#named.set(name, others);
      }
    }
  }

  async disagreements(entry: DockerSaveEntry): Promise<readonly string[]> {
    const found: string[] = [];
    const names = entry.repoTags.filter((tag) => this.#listedAs(tag));
    for (const tag of names) {
      const problem = await this.#problem(entry, this.#listedAs(tag) ?? []);
      if (problem) found.push(`has ${problem} for ${tag}`);
    }
    if (names.length > 0) return found;
    const problem = await this.#problem(entry, this.#layout.index.manifests);
    return problem ? [`has ${problem} for ${imageNames(entry)[0]}`] : [];
  }

  /** Where index.json has bare tags alone, a tag is all there is to compare. */
  #listedAs(repoTag: string): readonly Descriptor[] | undefined {
    return this.#named.get(tagName(repoTag)) ?? this.#named.get(repoTag.slice(repoTag.lastIndexOf(":") + 1));
  }

  /** What the entry has that none of the images has; of an index that is saved, manifest.json names one platform. */
  async #problem(entry: DockerSaveEntry, roots: readonly Descriptor[]): Promise<string | undefined> {
    let problem = `another config, ${entry.config},`;
    for (const root of roots) {
      for (const manifest of await this.#imagesOf(root)) {
        if (!(await this.#isFile(entry.config, manifest.config.digest, true))) continue;
        if (await this.#hasLayers(entry, manifest)) return undefined;
        problem = "other layers";
      }
    }
    if (this.#unread !== undefined) throw this.#unread;
    return problem;
  }

  async #imagesOf(root: Descriptor): Promise<readonly Manifest[]> {
    const known = this.#images.get(root.digest);
    if (known) {
      this.#count(known.length);
      return known;
    }
    const found: Manifest[] = [];
    await this.#collect(root, found, new Set(), 0);
    this.#images.set(root.digest, found);
    return found;
  }

  async #collect(descriptor: Descriptor, found: Manifest[], seen: Set<Digest>, depth: number): Promise<void> {
    const { digest } = descriptor;
    this.#count(1);
    // Other platforms of an index need not be there.
    if (seen.has(digest) || !isDocument(descriptor) || !this.#files.get(blobPath(digest))) return;
    seen.add(digest);
    try {
      const document = await this.#document(descriptor);
      if (!isIndexType(descriptor.mediaType)) found.push(parseManifest(document, digest));
      else if (depth < MAX_DEPTH) {
        for (const child of childrenOf(descriptor, document))
          await this.#collect(child, found, seen, depth + 1);
      }
    } catch (error) {
      this.#unread ??= error;
    }
  }

  /** A file is a blob by its name, which all who read the blob hold it to; any other by its bytes. */
  async #isFile(name: string, digest: Digest, reads: boolean): Promise<boolean> {
    if (name === blobPath(digest)) return true;
    const file = this.#files.get(name);
    if (!file) return false;
    if (!reads) return maybe(name, digest);
    return (await this.#digestOf(name, () => file.slice(), digest)) === digest;
  }

  /** Older graph drivers name a layer uncompressed where the manifest has it as it was pulled. */
  async #hasLayers({ layers }: DockerSaveEntry, { config, layers: stored }: Manifest): Promise<boolean> {
    const isStored = await every(layers, async (name, at) => {
      const layer = stored[at];
      return layer !== undefined && this.#isFile(name, layer.digest, this.#reads);
    });
    if (isStored && layers.length === stored.length) return true;
    const diffIds = await this.#diffIds(config);
    if (diffIds?.length !== layers.length) return false;
    return every(layers, (name, at) => this.#isUncompressed(name, diffIds[at] as Digest));
  }

  async #isUncompressed(name: string, diffId: Digest): Promise<boolean> {
    const file = this.#files.get(name);
    if (!file) return false;
    if (!this.#reads) return maybe(name, diffId);
    const tar = () => decompress(file.slice(), this.#kernels);
    return (await this.#digestOf(`${name} uncompressed`, tar, diffId)) === diffId;
  }

  async #diffIds(config: Descriptor): Promise<readonly Digest[] | undefined> {
    try {
      return parseImageConfig(await this.#document(config), config.digest).rootfs.diff_ids;
    } catch {
      return undefined;
    }
  }

  async #document(descriptor: Descriptor): Promise<Uint8Array> {
    return collect(await this.#layout.open(descriptor), MAX_DOCUMENT_SIZE, descriptor.digest);
  }

  /** Each is read once. */
  async #digestOf(what: string, open: () => ByteStream, like: Digest): Promise<Digest> {
    const algorithm = digestAlgorithm(like);
    const key = `${algorithm} ${what}`;
    const known = this.#fileDigests.get(key);
    if (known) return known;
    const hasher = this.#kernels.hasher(algorithm);
    try {
      for await (const chunk of chunksOf(open())) hasher.update(chunk);
      const digest = formatDigest(algorithm, hasher.digest());
      this.#fileDigests.set(key, digest);
      return digest;
    } finally {
      hasher.release();
    }
  }

  #count(visits: number): void {
    this.#visits += visits;
    if (this.#visits <= MAX_VISITS) return;
    throw new SealiftError(
      "LIMIT_EXCEEDED",
      `Cannot compare ${DOCKER_SAVE_MANIFEST} with ${OCI_INDEX_FILE}: they list too much`,
    );
  }
}

/** Whether a file can have the digest, by its name alone. */
function maybe(name: string, digest: Digest): boolean {
  return name === blobPath(digest) || !name.startsWith("blobs/");
}

/** All that an entry of index.json is picked by; a bare tag only where that is all it has. */
function namesOf({ annotations }: Descriptor): ReadonlySet<string> {
  const full = annotations?.[ANNOTATION.containerdImageName];
  const ref = annotations?.[ANNOTATION.refName];
  const names = new Set<string>();
  if (full !== undefined) names.add(tagName(full));
  if (ref !== undefined && /[/:]/.test(ref)) names.add(tagName(ref));
  else if (ref !== undefined && full === undefined) names.add(ref);
  return names;
}

async function every<T>(items: readonly T[], holds: (item: T, at: number) => Promise<boolean>) {
  for (const [at, item] of items.entries()) if (!(await holds(item, at))) return false;
  return true;
}
