import { type Content, contentOf } from "../bytes/content.ts";
import type { FileSystem } from "../bytes/files.ts";
import { collect } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { OpenBlob } from "../image/stored-image.ts";
import { BUNDLE_TYPE } from "../layout/bundle-plan.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { encodeJson } from "../oci/json.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryOptions } from "../registry/repository.ts";
import { safePath } from "../tar/safety.ts";
import { type Bundle, openBundle } from "./bundle.ts";
import {
  BUNDLE_CONFIG_TYPE,
  type BundleArtifact,
  type BundleConfig,
  type BundleFile,
  DEFINITION_SOURCE_TYPE,
  DEFINITION_TYPE,
  encodeBundleConfig,
} from "./config.ts";
import { type ArtifactDefinition, type Definition, parseDefinition } from "./definition.ts";
import { filesArtifact } from "./files-artifact.ts";
import { imageArtifact } from "./image-artifact.ts";
import { baseName, requireDistinctTargets, targetFolder } from "./target.ts";

/** A definition and its entrypoint script are read whole; neither is ever near this. */
const MAX_SOURCE_SIZE = 16 * 1024 * 1024;

export interface BuildOptions {
  /** Seconds since the epoch for the root's `created`; none without it, so that the root depends on content only. */
  readonly created?: number;
  readonly registry?: RepositoryOptions;
}

/**
 * Builds a bundle from a definition file. Reads each local file for its
 * digest and each image's manifests; payloads are read when the bundle is
 * written. The result depends on content alone.
 */
export async function buildBundle(
  definitionPath: string,
  host: Host,
  options: BuildOptions = {},
): Promise<Bundle> {
  const files = requireFiles(host);
  const source = await readSource(definitionPath, files);
  const definition = parseDefinition(new TextDecoder().decode(source), definitionPath);
  const folder = parentOf(definitionPath);
  const contents = new Map<Digest, OpenBlob>();
  const children: Descriptor[] = [];
  const artifacts: BundleArtifact[] = [];
  const hold = (content: Content) => contents.set(content.digest, () => content.open());

  for (const declared of definition.artifacts) {
    const built = await buildArtifact(declared, folder, host, options);
    children.push(built.child);
    artifacts.push(built.artifact);
    for (const content of built.contents ?? []) hold(content);
    for (const descriptor of built.descriptors ?? []) contents.set(descriptor.digest, built.open as OpenBlob);
  }
  const entrypoint = await readEntrypoint(definition, folder, host);
  if (entrypoint) hold(entrypoint.content);
  const config = lockOf(definition, artifacts, entrypoint?.file);
  requireDistinctTargets(config);

  const sourceContent = contentOf(host.kernels, source);
  const configContent = contentOf(host.kernels, encodeBundleConfig(config));
  const definitionManifest = contentOf(
    host.kernels,
    encodeJson(definitionDocument(configContent, sourceContent, baseName(definitionPath), entrypoint?.file)),
  );
  const root = contentOf(
    host.kernels,
    encodeJson(rootDocument(definition, definitionManifest, children, options)),
  );
  for (const content of [sourceContent, configContent, definitionManifest, root]) hold(content);

  const open: OpenBlob = (descriptor) => {
    const opener = contents.get(descriptor.digest);
    if (!opener) throw new SealiftError("INTERNAL", `Cannot read ${descriptor.digest}: it was not built`);
    return opener(descriptor);
  };
  const rootDescriptor = { mediaType: MEDIA_TYPE.ociIndex, digest: root.digest, size: root.size };
  return openBundle(rootDescriptor, [], open, host);
}

interface Built {
  readonly artifact: BundleArtifact;
  readonly child: Descriptor;
  readonly contents?: readonly Content[];
  readonly descriptors?: readonly Descriptor[];
  readonly open?: OpenBlob;
}

async function buildArtifact(
  declared: ArtifactDefinition,
  folder: string,
  host: Host,
  options: BuildOptions,
): Promise<Built> {
  targetFolder(declared.target);
  const [, scheme, path] = /^([a-z]+):\/\/(.+)$/s.exec(declared.origin) ?? [];
  if (scheme === "oci" && path) return imageArtifact(declared, path, host, options.registry);
  if (scheme === "local" && path) {
    if (declared.platform) throw invalidArtifact(declared, "platform goes with oci:// origins only");
    const files = requireFiles(host);
    const at = joinPath(folder, path);
    if ((await files.kind(at)) === "none") {
      throw new SealiftError("NOT_FOUND", `Cannot pack ${declared.name}: there is no file or folder ${at}`);
    }
    return filesArtifact(declared, await files.tree(at), host);
  }
  throw invalidArtifact(
    declared,
    `the origin "${declared.origin}" is neither oci://REFERENCE nor local://PATH`,
  );
}

function lockOf(
  definition: Definition,
  artifacts: readonly BundleArtifact[],
  entrypoint?: BundleFile,
): BundleConfig {
  const { name, version, description, category } = definition;
  const variables = Object.fromEntries(
    Object.entries(definition.variables).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return {
    schemaVersion: 1,
    name,
    ...(version && { version }),
    ...(description && { description }),
    ...(category && { category }),
    variables,
    ...(entrypoint && { entrypoint }),
    artifacts,
  };
}

function definitionDocument(config: Content, source: Content, sourceName: string, entrypoint?: BundleFile) {
  const layers: Descriptor[] = [
    {
      mediaType: DEFINITION_SOURCE_TYPE,
      digest: source.digest,
      size: source.size,
      annotations: { [ANNOTATION.title]: sourceName },
    },
  ];
  if (entrypoint) {
    const { digest, size, path } = entrypoint;
    layers.push({
      mediaType: MEDIA_TYPE.octetStream,
      digest,
      size,
      annotations: { [ANNOTATION.title]: path },
    });
  }
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    artifactType: DEFINITION_TYPE,
    config: { mediaType: BUNDLE_CONFIG_TYPE, digest: config.digest, size: config.size },
    layers,
  };
}

function rootDocument(
  definition: Definition,
  manifest: Content,
  children: readonly Descriptor[],
  options: BuildOptions,
) {
  const { name, version, description } = definition;
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    artifactType: BUNDLE_TYPE,
    manifests: [
      {
        mediaType: MEDIA_TYPE.ociManifest,
        digest: manifest.digest,
        size: manifest.size,
        artifactType: DEFINITION_TYPE,
      },
      ...children,
    ],
    annotations: {
      [ANNOTATION.title]: name,
      ...(version && { [ANNOTATION.version]: version }),
      ...(description && { [ANNOTATION.description]: description }),
      ...(options.created !== undefined && {
        [ANNOTATION.created]: new Date(options.created * 1000).toISOString(),
      }),
    },
  };
}

async function readEntrypoint(
  definition: Definition,
  folder: string,
  host: Host,
): Promise<{ file: BundleFile; content: Content } | undefined> {
  if (!definition.entrypoint) return undefined;
  const { script, executable } = definition.entrypoint;
  const path = safePath(script.replace(/^\.\//, ""));
  const content = contentOf(host.kernels, await readSource(joinPath(folder, script), requireFiles(host)));
  return {
    content,
    file: { path, mode: executable ? "0755" : "0644", digest: content.digest, size: content.size },
  };
}

async function readSource(path: string, files: FileSystem): Promise<Uint8Array> {
  return collect(await files.stream(path), MAX_SOURCE_SIZE, path);
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash) || "/";
}

function joinPath(folder: string, path: string): string {
  if (path.startsWith("/")) return path;
  return `${folder}/${path.replace(/^\.\//, "")}`;
}

function requireFiles(host: Host): FileSystem {
  if (host.files) return host.files;
  throw new SealiftError("UNSUPPORTED", "Cannot read local files: this host has none");
}

function invalidArtifact(declared: ArtifactDefinition, reason: string): SealiftError {
  return new SealiftError("DEFINITION_INVALID", `Cannot pack ${declared.name}: ${reason}`);
}
