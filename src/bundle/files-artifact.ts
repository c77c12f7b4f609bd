import type { Content } from "../bytes/content.ts";
import { contentOf } from "../bytes/content.ts";
import type { TreeEntry } from "../bytes/files.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { ANNOTATION, type Descriptor, EMPTY_JSON, EMPTY_JSON_BYTES } from "../oci/descriptor.ts";
import { encodeJson } from "../oci/json.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import { safeLink, safePath } from "../tar/safety.ts";
import { type TarMember, writeTar } from "../tar/write.ts";
import type { BuiltArtifact } from "./assemble.ts";
import { type BundleArtifact, type BundleFile, FILES_TYPE } from "./config.ts";
import type { ArtifactDefinition } from "./definition.ts";
import { hashed, hashFiles } from "./hash-files.ts";
import { baseName, targetPath } from "./target.ts";

/** Above this a folder travels as one tar: a manifest with a layer for each file would grow past registries' limits. */
const MAX_SEPARATE_FILES = 256;

/** Packs a `local://` file or folder. Reads everything once for its digests; the bytes are read again, checked, when written. */
export async function filesArtifact(
  definition: ArtifactDefinition,
  tree: readonly TreeEntry[],
  host: Host,
): Promise<BuiltArtifact> {
  const entries = [...tree].sort((a, b) => compareBytes(a.path, b.path));
  for (const entry of entries) refuseUnsafe(entry, definition.name);
  if (travelSeparately(entries)) return separateFiles(definition, entries.filter(isFile), host.kernels);
  return oneTar(definition, entries, host.kernels);
}

/** Few enough, and nothing but files and the folders they imply: then each is a blob of its own. */
function travelSeparately(entries: readonly TreeEntry[]): boolean {
  const files = entries.filter(isFile);
  if (files.length === 0 || files.length > MAX_SEPARATE_FILES) return false;
  return entries.every(
    (entry) =>
      isFile(entry) ||
      (entry.kind === "directory" && files.some(({ path }) => path.startsWith(`${entry.path}/`))),
  );
}

function isFile(entry: TreeEntry): boolean {
  return entry.kind === "file";
}

async function separateFiles(
  definition: ArtifactDefinition,
  entries: readonly TreeEntry[],
  kernels: Kernels,
): Promise<BuiltArtifact> {
  const files: BundleFile[] = [];
  const layers: Descriptor[] = [];
  const contents = await hashFiles(entries, kernels);
  for (const [i, content] of contents.entries()) {
    const entry = entries[i] as TreeEntry;
    const path = targetPath(definition, entry.path);
    files.push({
      path,
      mode: entry.executable ? "0755" : "0644",
      digest: content.digest,
      size: content.size,
    });
    layers.push({
      mediaType: MEDIA_TYPE.octetStream,
      digest: content.digest,
      size: content.size,
      annotations: { [ANNOTATION.title]: entry.path || baseName(definition.origin) },
    });
  }
  const paths = files.map(({ path }) => path);
  return {
    ...manifestOf(definition, layers, contents, kernels, (base) => ({ ...base, type: "files", files })),
    paths,
  };
}

async function oneTar(
  definition: ArtifactDefinition,
  entries: readonly TreeEntry[],
  kernels: Kernels,
): Promise<BuiltArtifact> {
  const content = await hashed(async () => writeTar(tarMembers(entries), kernels), kernels);
  const layer: Descriptor = {
    mediaType: MEDIA_TYPE.ociLayer,
    digest: content.digest,
    size: content.size,
    annotations: { [ANNOTATION.title]: `${baseName(definition.origin)}.tar` },
  };
  const tree = { digest: content.digest, size: content.size };
  const paths = entries
    .filter(({ kind }) => kind !== "directory")
    .map(({ path }) => targetPath(definition, path));
  return {
    ...manifestOf(definition, [layer], [content], kernels, (base) => ({ ...base, type: "tree", tree })),
    paths,
  };
}

function manifestOf(
  definition: ArtifactDefinition,
  layers: readonly Descriptor[],
  contents: readonly Content[],
  kernels: Kernels,
  lock: (base: Omit<Extract<BundleArtifact, { type: "image" }>, "type">) => BundleArtifact,
): Omit<BuiltArtifact, "paths"> {
  const manifest = contentOf(
    kernels,
    encodeJson({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      artifactType: FILES_TYPE,
      config: EMPTY_JSON,
      layers,
      annotations: { [ANNOTATION.title]: definition.name },
    }),
  );
  const { digest, size } = manifest;
  const child: Descriptor = { mediaType: MEDIA_TYPE.ociManifest, digest, size, artifactType: FILES_TYPE };
  const { name, origin, target } = definition;
  const artifact = lock({ name, origin, target, mediaType: child.mediaType, digest, size });
  return { artifact, child, contents: [manifest, contentOf(kernels, EMPTY_JSON_BYTES), ...contents] };
}

/** Owner, group and times stay out: they belong to the machine that packed, not to what it packed. */
function* tarMembers(entries: readonly TreeEntry[]): Generator<TarMember> {
  for (const entry of entries) {
    if (entry.kind === "directory") yield { name: `${entry.path}/`, type: "directory", mode: 0o755 };
    else if (entry.kind === "symlink") {
      yield { name: entry.path, type: "symlink", linkname: entry.target ?? "", mode: 0o777 };
    } else {
      yield {
        name: entry.path,
        mode: entry.executable ? 0o755 : 0o644,
        size: entry.size,
        body: entry.open(),
      };
    }
  }
}

function refuseUnsafe(entry: TreeEntry, artifact: string): void {
  if (entry.kind === "other") {
    throw new SealiftError(
      "UNSUPPORTED",
      `Cannot pack ${entry.path} of ${artifact}: it is neither a file, a folder nor a link`,
    );
  }
  if (entry.path !== "") safePath(entry.path);
  if (entry.kind === "symlink") safeLink(entry.path, entry.target ?? "");
}

function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
