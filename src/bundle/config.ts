import * as v from "valibot";
import type { FileMode } from "../bytes/files.ts";
import { digestSchema } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { encodeJson, parseJson } from "../oci/json.ts";

/** Media type of the canonical lock: everything the bundle holds, resolved to digests, with targets and modes. */
export const BUNDLE_CONFIG_TYPE = "application/vnd.sealift.bundle.config.v1+json";
/** artifactType of the manifest that carries the lock, the author's definition and the entrypoint. */
export const DEFINITION_TYPE = "application/vnd.sealift.bundle.definition.v1+json";
/** Media type of the author's definition as it was written. */
export const DEFINITION_SOURCE_TYPE = "application/vnd.sealift.bundle.manifest.v1+yaml";
/** artifactType of a `local://` artifact's manifest. */
export const FILES_TYPE = "application/vnd.sealift.bundle.files.v1+json";

export interface BundleConfig {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  readonly category?: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly entrypoint?: BundleFile | undefined;
  readonly artifacts: readonly BundleArtifact[];
}

/** One file, by the path it is extracted to. */
export interface BundleFile {
  readonly path: string;
  readonly mode: "0644" | "0755";
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

interface ArtifactBase {
  readonly name: string;
  readonly origin: string;
  readonly target: string;
  /** Of the image's manifest or index, or of the files' manifest. */
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export interface ImageArtifact extends ArtifactBase {
  readonly type: "image";
}

/** Files one by one: each is a blob of its own. */
export interface FilesArtifact extends ArtifactBase {
  readonly type: "files";
  readonly files: readonly BundleFile[];
}

/** A folder too large or too rich (links, empty folders) for that: one tar. */
export interface TreeArtifact extends ArtifactBase {
  readonly type: "tree";
  readonly tree: { readonly digest: Digest; readonly size: number };
}

export type BundleArtifact = ImageArtifact | FilesArtifact | TreeArtifact;

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const fileSchema = v.object({
  path: v.string(),
  mode: v.picklist(["0644", "0755"]),
  digest: digestSchema,
  size,
});
const base = {
  name: v.string(),
  origin: v.string(),
  target: v.string(),
  mediaType: v.string(),
  digest: digestSchema,
  size,
};

const configSchema = v.object({
  schemaVersion: v.literal(1),
  name: v.string(),
  version: v.optional(v.string()),
  description: v.optional(v.string()),
  category: v.optional(v.string()),
  variables: v.record(v.string(), v.string()),
  entrypoint: v.optional(fileSchema),
  artifacts: v.array(
    v.variant("type", [
      v.object({ ...base, type: v.literal("image") }),
      v.object({ ...base, type: v.literal("files"), files: v.array(fileSchema) }),
      v.object({ ...base, type: v.literal("tree"), tree: v.object({ digest: digestSchema, size }) }),
    ]),
  ),
});

/** Throws BUNDLE_INVALID. */
export function parseBundleConfig(bytes: Uint8Array): BundleConfig {
  return parseJson(configSchema, bytes, "the bundle's config", "BUNDLE_INVALID");
}

export function encodeBundleConfig(config: BundleConfig): Uint8Array {
  return encodeJson(config);
}

export function modeOf(file: BundleFile): FileMode {
  return file.mode === "0755" ? 0o755 : 0o644;
}
