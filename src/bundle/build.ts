import { contentOf } from "../bytes/content.ts";
import type { FileSystem } from "../bytes/files.ts";
import { collect } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { RepositoryOptions } from "../registry/repository.ts";
import { safePath } from "../tar/safety.ts";
import { assembleBundle, type BuiltArtifact, type BundleParts } from "./assemble.ts";
import type { Bundle } from "./bundle.ts";
import { type ArtifactDefinition, type Definition, parseDefinition } from "./definition.ts";
import { filesArtifact } from "./files-artifact.ts";
import { imageArtifact } from "./image-artifact.ts";
import { baseName, targetFolder } from "./target.ts";

/** A definition and its entrypoint script are read whole; neither is ever near this. */
const MAX_SOURCE_SIZE = 16 * 1024 * 1024;

export interface BuildOptions {
  /** Seconds since the epoch for the root's `created`; without it the root depends on content only. */
  readonly created?: number;
  readonly registry?: RepositoryOptions;
}

/**
 * Builds a bundle from a definition file. Reads each local file for its
 * digest and each image's manifests; payloads are read when the bundle is
 * written. Throws DEFINITION_INVALID, NOT_FOUND, UNSAFE_PATH.
 */
export async function buildBundle(path: string, host: Host, options: BuildOptions = {}): Promise<Bundle> {
  const { files } = host;
  if (!files) throw new SealiftError("UNSUPPORTED", `Cannot read ${path}: this host has no files`);
  const bytes = await readSource(path, files);
  const definition = parseDefinition(new TextDecoder().decode(bytes), path);
  const builder = new Builder(folderOf(path), files, host, options);
  const artifacts: BuiltArtifact[] = [];
  for (const declared of definition.artifacts) artifacts.push(await builder.artifact(declared));
  const { name, version, description, category, variables } = definition;
  const entrypoint = await builder.entrypoint(definition);
  const source = { name: baseName(path), bytes };
  const about = { name, version, description, category, variables, source, created: options.created };
  return assembleBundle({ ...about, artifacts, entrypoint }, host);
}

class Builder {
  readonly #folder: string;
  readonly #files: FileSystem;
  readonly #host: Host;
  readonly #options: BuildOptions;

  constructor(folder: string, files: FileSystem, host: Host, options: BuildOptions) {
    this.#folder = folder;
    this.#files = files;
    this.#host = host;
    this.#options = options;
  }

  async artifact(declared: ArtifactDefinition): Promise<BuiltArtifact> {
    targetFolder(declared.target);
    const [, scheme, path] = /^([a-z]+):\/\/(.+)$/s.exec(declared.origin) ?? [];
    if (scheme === "oci" && path) return imageArtifact(declared, path, this.#host, this.#options.registry);
    if (scheme === "local" && path) return this.#local(declared, this.#resolve(path));
    throw invalid(declared, `the origin "${declared.origin}" is neither oci://REFERENCE nor local://PATH`);
  }

  async entrypoint({ entrypoint }: Definition): Promise<BundleParts["entrypoint"]> {
    if (!entrypoint) return undefined;
    const content = contentOf(
      this.#host.kernels,
      await readSource(this.#resolve(entrypoint.script), this.#files),
    );
    const { digest, size } = content;
    const mode = entrypoint.executable ? "0755" : "0644";
    return { content, file: { path: safePath(entrypoint.script), mode, digest, size } };
  }

  async #local(declared: ArtifactDefinition, path: string): Promise<BuiltArtifact> {
    if (declared.platform) throw invalid(declared, "a platform goes with oci:// origins only");
    if ((await this.#files.kind(path)) === "none") {
      throw new SealiftError("NOT_FOUND", `Cannot pack ${declared.name}: there is no file or folder ${path}`);
    }
    return filesArtifact(declared, await this.#files.tree(path), this.#host);
  }

  #resolve(path: string): string {
    return path.startsWith("/") ? path : `${this.#folder}/${path.replace(/^(\.\/)+/, "")}`;
  }
}

async function readSource(path: string, files: FileSystem): Promise<Uint8Array> {
  return collect(await files.stream(path), MAX_SOURCE_SIZE, path);
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash) || "/";
}

function invalid({ name }: ArtifactDefinition, reason: string): SealiftError {
  return new SealiftError("DEFINITION_INVALID", `Cannot pack ${name}: ${reason}`);
}
