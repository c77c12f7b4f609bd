import type { Files } from "../bytes/files.ts";
import { counted, reasonOf } from "../error.ts";
import type { Host } from "../host.ts";
import { type OpenBlob, readDocument } from "../image/stored-blob.ts";
import { DOCKER_SAVE_MANIFEST } from "../layout/docker-save.ts";
import { listDisagreements, OTHER_IMAGE } from "../layout/list-agreement.ts";
import {
  blobPath,
  OCI_INDEX_FILE,
  OCI_LAYOUT_FILE,
  type OciLayout,
  readOciLayout,
} from "../layout/oci-layout.ts";
import { parseImageConfig } from "../oci/config.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { childrenOf, isDocument } from "../oci/graph.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { isIndexType, isNonDistributable, MEDIA_TYPE } from "../oci/media-type.ts";
import { formatPlatform } from "../oci/platform.ts";
import { type Examination, examined } from "./examination.ts";
import { RecordedChecks } from "./recorded-checks.ts";
import { checkBlob } from "./verify-blob.ts";

/** As deep as any real index goes. */
const MAX_DEPTH = 16;

/**
 * Examines an OCI archive: everything index.json leads to is there and has
 * its digest and size, and each layer, uncompressed, the diff_id its config
 * states; a manifest.json beside it names the same. Nothing vouches for
 * index.json itself, and the verdict says so.
 */
export async function examineOciArchive(files: Files, host: Host): Promise<Examination> {
  const examination = new OciExamination(files, host);
  const readable = await examination.run();
  return examined(examination.checks, readable ? { state: examination.state } : undefined);
}

class OciExamination {
  readonly checks = new RecordedChecks();
  state: "unsigned" | "not-checked" = "unsigned";
  readonly #files: Files;
  readonly #host: Host;
  readonly #seen = new Set<string>([OCI_LAYOUT_FILE, OCI_INDEX_FILE]);

  constructor(files: Files, host: Host) {
    this.#files = files;
    this.#host = host;
  }

  async run(): Promise<boolean> {
    let layout: OciLayout;
    try {
      layout = await readOciLayout(this.#files, this.#host.kernels);
    } catch (error) {
      this.checks.fail("oci-layout", OCI_INDEX_FILE, reasonOf(error));
      return false;
    }
    this.checks.pass("layout", "archive");
    this.checks.pass("oci-layout", OCI_LAYOUT_FILE);
    this.checks.subject(subjectOf(layout));
    if (layout.index.manifests.length === 0) this.checks.fail("root", OCI_INDEX_FILE, "it names nothing");
    else this.checks.pass("root", OCI_INDEX_FILE);
    for (const descriptor of layout.index.manifests) await this.#visit(descriptor, false, 0);
    await this.#compareLists();
    this.checks.notCovered(`${OCI_INDEX_FILE} (which images there are, and their names)`);
    for (const name of this.#files.names()) if (!this.#seen.has(name)) this.checks.notCovered(name);
    return true;
  }

  /** Last: of a damaged image the damage is what is to be said. */
  async #compareLists(): Promise<void> {
    try {
      const found = await listDisagreements(this.#files, this.#host.kernels);
      if (found?.length === 0) this.checks.pass("docker-manifest", DOCKER_SAVE_MANIFEST);
      for (const one of found ?? [])
        this.checks.fail("docker-manifest", DOCKER_SAVE_MANIFEST, `${OTHER_IMAGE}; it ${one}`);
    } catch (error) {
      this.checks.fail("docker-manifest", DOCKER_SAVE_MANIFEST, reasonOf(error));
    }
  }

  async #visit(descriptor: Descriptor, mayBeAbsent: boolean, depth: number): Promise<void> {
    const name = blobPath(descriptor.digest);
    const file = this.#files.get(name);
    if (!file) return this.#absent(descriptor, mayBeAbsent);
    if (this.#seen.has(name)) return;
    this.#seen.add(name);
    if (!isDocument(descriptor)) return this.#blob(descriptor);
    if (depth > MAX_DEPTH) return this.checks.fail("graph", descriptor.digest, "it is nested too deep");
    let children: readonly Descriptor[];
    let manifest: Manifest | undefined;
    try {
      const document = await readDocument(descriptor, this.#open, this.#host);
      children = childrenOf(descriptor, document);
      if (!isIndexType(descriptor.mediaType)) manifest = parseManifest(document, descriptor.digest);
      this.checks.pass("manifest", descriptor.digest);
    } catch (error) {
      return this.checks.fail("manifest", descriptor.digest, reasonOf(error));
    }
    if (manifest?.subject) this.#referrer(descriptor);
    if (manifest) return this.#image(manifest);
    const some = children.some(({ digest }) => this.#files.get(blobPath(digest)));
    for (const child of children) await this.#visit(child, some, depth + 1);
  }

  /** `docker save` of one platform keeps the index of all of them. */
  #absent(descriptor: Descriptor, mayBeAbsent: boolean): void {
    const { digest, mediaType, platform } = descriptor;
    if (isNonDistributable(mediaType)) {
      this.checks.skip("blob", digest, "it may not travel, and is fetched from elsewhere");
    } else if (mayBeAbsent && isDocument(descriptor)) {
      const what = platform ? formatPlatform(platform) : "this part of the index";
      this.checks.skip("graph", digest, `the archive does not hold ${what}`);
    } else {
      this.checks.fail("graph", digest, "it is named, and not in the archive");
    }
  }

  #referrer({ digest }: Descriptor): void {
    this.state = "not-checked";
    this.checks.skip("signature", digest, "signatures and statements in OCI archives are not checked yet");
  }

  async #image({ config, layers }: Manifest): Promise<void> {
    await this.#visit(config, false, 0);
    const diffIds = await this.#diffIds(config, layers.length);
    for (const [index, layer] of layers.entries()) await this.#layer(layer, diffIds?.[index]);
  }

  /** Undefined where the config is none of an image, or cannot be read: its own check says so. */
  async #diffIds(config: Descriptor, layers: number): Promise<readonly Digest[] | undefined> {
    if (config.mediaType !== MEDIA_TYPE.ociConfig && config.mediaType !== MEDIA_TYPE.dockerConfig)
      return undefined;
    try {
      const { rootfs } = parseImageConfig(await readDocument(config, this.#open, this.#host), config.digest);
      if (rootfs.diff_ids.length === layers) return rootfs.diff_ids;
      const reason = `it has ${counted(rootfs.diff_ids.length, "diff_id")} for ${counted(layers, "layer")}`;
      this.checks.fail("graph", config.digest, reason);
    } catch (error) {
      this.checks.fail("graph", config.digest, reasonOf(error));
    }
    return undefined;
  }

  async #layer(layer: Descriptor, diffId: Digest | undefined): Promise<void> {
    const name = blobPath(layer.digest);
    if (!this.#files.get(name)) return this.#absent(layer, false);
    // Two images may state different diff_ids for one layer; each statement is checked.
    const visit = `${name} ${diffId}`;
    if (this.#seen.has(visit)) return;
    this.#seen.add(visit).add(name);
    await this.#blob(layer, diffId);
  }

  async #blob({ digest, size }: Descriptor, diffId?: Digest): Promise<void> {
    const stream = await this.#open({ digest } as Descriptor);
    await checkBlob(stream, { digest, size, diffId, object: digest }, this.checks, this.#host.kernels);
  }

  readonly #open: OpenBlob = async ({ digest }) => {
    const file = this.#files.get(blobPath(digest));
    if (!file) throw new Error(`${digest} is not in the archive`);
    return file.slice();
  };
}

function subjectOf({ index }: OciLayout): { digest?: Digest; name?: string } {
  const [only, ...others] = index.manifests.filter(({ artifactType }) => artifactType === undefined);
  if (!only) return {};
  if (others.length > 0) return { name: `this archive of ${others.length + 1} images` };
  const name = only.annotations?.[ANNOTATION.containerdImageName] ?? only.annotations?.[ANNOTATION.refName];
  return { digest: only.digest, ...(name && { name }) };
}
