import { type Content, contentOf, verifiedContent } from "../bytes/content.ts";
import type { FilesWriter } from "../bytes/files.ts";
import { observed } from "../bytes/progress.ts";
import type { ByteStream } from "../bytes/stream.ts";
import { isSealiftError, reasonOf, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { archiveSize, type PlannedEntry } from "../layout/archive-plan.ts";
import { planImageArchive } from "../layout/image-archive.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { readTar, type TarEntry } from "../tar/read.ts";
import { ExtractionGuard, safeDirectory } from "../tar/safety.ts";
import { writeTar } from "../tar/write.ts";
import type { Bundle } from "./bundle.ts";
import {
  type BundleArtifact,
  type BundleFile,
  type ImageArtifact,
  modeOf,
  type TreeArtifact,
} from "./config.ts";
import { targetFolder } from "./target.ts";

export interface ExtractResult {
  /** Paths written, relative to the folder. */
  readonly paths: readonly string[];
}

export interface ExtractOptions {
  /** Hears of what may not or cannot be made here, which is then left out; without it that ends the extraction. */
  readonly onRefused?: (path: string, reason: string) => void;
}

/**
 * Puts a bundle's contents at their targets. Every blob is checked on its way,
 * and nothing is visible before all of them held. An image whose target ends
 * in `.tar` becomes an archive that docker and podman load; any other an OCI
 * layout folder.
 */
export async function extractBundle(
  bundle: Bundle,
  folder: FilesWriter,
  host: Host,
  options: ExtractOptions = {},
): Promise<ExtractResult> {
  const extraction = new Extraction(bundle, folder, host, options);
  try {
    for (const artifact of bundle.config.artifacts) await extraction.artifact(artifact);
    if (bundle.config.entrypoint) await extraction.file(bundle.config.entrypoint);
    await folder.commit();
  } catch (error) {
    await folder.abort();
    throw error;
  }
  return { paths: extraction.paths };
}

class Extraction {
  readonly paths: string[] = [];
  /** One for all: the lock of a hostile bundle may lead one artifact through another's links. */
  readonly #guard = new ExtractionGuard("strict");
  readonly #bundle: Bundle;
  readonly #folder: FilesWriter;
  readonly #host: Host;
  readonly #onRefused: ExtractOptions["onRefused"];

  constructor(bundle: Bundle, folder: FilesWriter, host: Host, { onRefused }: ExtractOptions) {
    this.#bundle = bundle;
    this.#folder = folder;
    this.#host = host;
    this.#onRefused = onRefused;
  }

  async artifact(artifact: BundleArtifact): Promise<void> {
    if (artifact.type === "image") return this.#unlessRefused(artifact.target, () => this.#image(artifact));
    if (artifact.type === "tree") return this.#unlessRefused(artifact.target, () => this.#tree(artifact));
    for (const file of artifact.files) await this.file(file);
  }

  async file(file: BundleFile): Promise<void> {
    await this.#unlessRefused(file.path, () => this.#write(file.path, this.#blob(file), modeOf(file)));
  }

  async #image(artifact: ImageArtifact): Promise<void> {
    const { mediaType, digest, size } = artifact;
    const named = this.#bundle.plan.rootIndex.manifests.find((child) => child.digest === digest);
    const entries = planImageArchive(named ?? { mediaType, digest, size }, this.#bundle.plan.documents);
    const target = targetFolder(artifact.target);
    if (target.endsWith(".tar")) return this.#write(target, this.#archive(entries));
    for (const entry of entries) {
      await this.#write(target === "" ? entry.name : `${target}/${entry.name}`, this.#entry(entry));
    }
  }

  /** One tar's members, each where its path leads. */
  async #tree({ target, tree }: TreeArtifact): Promise<void> {
    const folder = targetFolder(target);
    const under = (path: string) => (folder === "" ? path : `${folder}/${path}`);
    for await (const member of readTar(await this.#blob(tree).open(), this.#host.kernels)) {
      await this.#unlessRefused(under(member.name), () => this.#member(member, under(member.name)));
    }
  }

  async #member(member: TarEntry, name: string): Promise<void> {
    // By itself: the folder in front of it makes even an absolute name a relative one.
    safeDirectory(member.name);
    if (member.type === "directory") return this.#makeFolder(name);
    if (member.type === "symlink") return this.#symlink(name, member.linkname);
    if (member.type !== "file") {
      throw new SealiftError("UNSUPPORTED", `Cannot extract ${member.name}: it is a ${member.type}`);
    }
    const mode = member.mode & 0o111 ? 0o755 : 0o644;
    await this.#write(name, { size: member.size, open: async () => member.body }, mode);
  }

  /** What may not be made is left out and reported, if anyone listens; content that does not hold ends all. */
  async #unlessRefused(path: string, make: () => Promise<void>): Promise<void> {
    try {
      await make();
    } catch (error) {
      if (!this.#onRefused || !isSealiftError(error, "UNSAFE_PATH", "UNSUPPORTED")) throw error;
      this.#onRefused(path, reasonOf(error));
    }
  }

  async #write(name: string, content: Pick<Content, "size" | "open">, mode?: 0o644 | 0o755): Promise<void> {
    const { path } = this.#guard.admit({ name, type: "file", linkname: "" });
    await this.#folder.write(path, content, mode);
    this.paths.push(path);
  }

  /** Most come again with their files; where there are no empty folders, nothing is lost but those. */
  async #makeFolder(name: string): Promise<void> {
    const { path } = this.#guard.admit({ name, type: "directory", linkname: "" });
    if (path !== "") await this.#folder.folder?.(path);
  }

  async #symlink(name: string, target: string): Promise<void> {
    const { path } = this.#guard.admit({ name, type: "symlink", linkname: target });
    if (!this.#folder.symlink) {
      throw new SealiftError("UNSUPPORTED", `Cannot extract ${path}: there are no symbolic links here`);
    }
    await this.#folder.symlink(path, target);
    this.paths.push(path);
  }

  #archive(entries: readonly PlannedEntry[]): Pick<Content, "size" | "open"> {
    const { kernels } = this.#host;
    const content = (entry: PlannedEntry) => this.#entry(entry);
    async function* members() {
      for (const entry of entries)
        yield { name: entry.name, size: entry.size, body: await content(entry).open() };
    }
    return { size: archiveSize(entries, kernels), open: async () => writeTar(members(), kernels) };
  }

  #entry(entry: PlannedEntry): Content {
    return entry.bytes ? contentOf(this.#host.kernels, entry.bytes) : this.#blob(entry.descriptor);
  }

  #blob({ digest, size }: Pick<Descriptor, "digest" | "size">): Content {
    const descriptor = this.#bundle.plan.entries.find(
      (entry) => entry.descriptor?.digest === digest,
    )?.descriptor;
    if (!descriptor) {
      throw new SealiftError(
        "BUNDLE_INVALID",
        `Cannot extract ${digest}: the bundle's root does not lead to it`,
      );
    }
    return verifiedContent(this.#host.kernels, { digest, size }, () => this.#observed(descriptor));
  }

  async #observed(descriptor: Descriptor): Promise<ByteStream> {
    const { digest: id, size: total } = descriptor;
    return observed(await this.#bundle.open(descriptor), (done, finished) =>
      this.#host.log({ type: "progress", id, stage: "extracting", done, total, finished }),
    );
  }
}
