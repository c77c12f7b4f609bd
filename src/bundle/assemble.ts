import { type Content, contentOf } from "../bytes/content.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { OpenBlob } from "../image/stored-blob.ts";
import { BUNDLE_TYPE } from "../layout/bundle-plan.ts";
import { ANNOTATION, type Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { encodeJson } from "../oci/json.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
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
import { type Claim, requireDistinctTargets } from "./target.ts";

/** What an artifact adds to a bundle: its line of the lock, its place in the root, its contents. */
export interface BuiltArtifact {
  readonly artifact: BundleArtifact;
  readonly child: Descriptor;
  /** Everything reachable from `child`, itself included; checked when it is read. */
  readonly contents: readonly Content[];
  /** Where it is extracted to. */
  readonly paths: readonly string[];
}

export interface BundleParts {
  readonly name: string;
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  readonly category?: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly artifacts: readonly BuiltArtifact[];
  /** The author's definition, as written. */
  readonly source?: { readonly name: string; readonly bytes: Uint8Array };
  readonly entrypoint?: { readonly file: BundleFile; readonly content: Content } | undefined;
  /** Seconds since the epoch for the root's `created`; without it the root depends on content only. */
  readonly created?: number | undefined;
}

/** Makes the lock, the definition's manifest and the root over built artifacts. */
export function assembleBundle(parts: BundleParts, host: Host): Promise<Bundle> {
  const config = lockOf(parts);
  requireDistinctTargets(claimsOf(parts));
  const configContent = contentOf(host.kernels, encodeBundleConfig(config));
  const definitionContents = [
    ...(parts.source ? [contentOf(host.kernels, parts.source.bytes)] : []),
    configContent,
  ];
  const definition = contentOf(
    host.kernels,
    encodeJson(definitionDocument(parts, configContent, definitionContents[0])),
  );
  const root = contentOf(host.kernels, encodeJson(rootDocument(parts, definition)));

  const contents = new Map<Digest, Content>();
  const entrypoint = parts.entrypoint ? [parts.entrypoint.content] : [];
  const built = parts.artifacts.flatMap((artifact) => artifact.contents);
  for (const content of [...built, ...entrypoint, ...definitionContents, definition, root]) {
    contents.set(content.digest, content);
  }
  const open: OpenBlob = ({ digest }) => {
    const content = contents.get(digest);
    if (!content) throw new SealiftError("INTERNAL", `Cannot read ${digest}: it was not built`);
    return content.open();
  };
  return openBundle({ mediaType: MEDIA_TYPE.ociIndex, digest: root.digest, size: root.size }, [], open, host);
}

function claimsOf({ artifacts, entrypoint }: BundleParts): Claim[] {
  const claims = artifacts.map(({ artifact, paths }) => ({ owner: artifact.name, paths }));
  return entrypoint ? [...claims, { owner: "the entrypoint", paths: [entrypoint.file.path] }] : claims;
}

function lockOf(parts: BundleParts): BundleConfig {
  const { name, version, description, category, entrypoint } = parts;
  const variables = Object.entries(parts.variables).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    schemaVersion: 1,
    name,
    ...(version && { version }),
    ...(description && { description }),
    ...(category && { category }),
    variables: Object.fromEntries(variables),
    ...(entrypoint && { entrypoint: entrypoint.file }),
    artifacts: parts.artifacts.map(({ artifact }) => artifact),
  };
}

function definitionDocument(
  { source, entrypoint }: BundleParts,
  config: Content,
  sourceContent: Content | undefined,
) {
  const layers: Descriptor[] = [];
  if (source && sourceContent) layers.push(titled(DEFINITION_SOURCE_TYPE, sourceContent, source.name));
  if (entrypoint) layers.push(titled(MEDIA_TYPE.octetStream, entrypoint.content, entrypoint.file.path));
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    artifactType: DEFINITION_TYPE,
    config: { mediaType: BUNDLE_CONFIG_TYPE, digest: config.digest, size: config.size },
    layers,
  };
}

function titled(mediaType: string, { digest, size }: Content, title: string): Descriptor {
  return { mediaType, digest, size, annotations: { [ANNOTATION.title]: title } };
}

function rootDocument({ name, version, description, artifacts, created }: BundleParts, definition: Content) {
  const { digest, size } = definition;
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociIndex,
    artifactType: BUNDLE_TYPE,
    manifests: [
      { mediaType: MEDIA_TYPE.ociManifest, digest, size, artifactType: DEFINITION_TYPE },
      ...artifacts.map(({ child }) => child),
    ],
    annotations: {
      [ANNOTATION.title]: name,
      ...(version && { [ANNOTATION.version]: version }),
      ...(description && { [ANNOTATION.description]: description }),
      ...(created !== undefined && { [ANNOTATION.created]: new Date(created * 1000).toISOString() }),
    },
  };
}
