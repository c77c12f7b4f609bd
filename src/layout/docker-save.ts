import * as v from "valibot";
import type { Files } from "../bytes/files.ts";
import type { Slices } from "../bytes/slices.ts";
import { type ByteStream, collect } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { compressionOf } from "../compression/sniff.ts";
import { counted, SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { type ImageConfig, parseImageConfig } from "../oci/config.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import { MAX_DOCUMENT_SIZE, parseJson } from "../oci/json.ts";
import type { Compression } from "../oci/media-type.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { safePath } from "../tar/safety.ts";
import { catalogEntries, catalogName, mayBeCalled, readCatalog, sameCatalogName } from "./catalog.ts";

export const DOCKER_SAVE_MANIFEST = "manifest.json";
export const DOCKER_SAVE_REPOSITORIES = "repositories";

/** What `docker save` and its like write, of any version since Docker 1.10. */
export interface DockerSave {
  readonly images: readonly DockerSaveEntry[];
  /**
   * The image that `ref` names, by tag (`app` means `app:latest`) or by its
   * config's digest; without `ref` the only one there is.
   * Throws NOT_FOUND, or USAGE where there are several, naming what there is.
   */
  select(ref?: string): DockerSaveEntry;
  /** Reads an image's config. Throws LAYOUT_INVALID, CONFIG_INVALID, DIGEST_MISMATCH. */
  read(entry: DockerSaveEntry): Promise<DockerSaveImage>;
}

/** One image as manifest.json lists it. */
export interface DockerSaveEntry {
  /** The config's file. */
  readonly config: string;
  readonly repoTags: readonly string[];
  /** The layers' files, lowest first. */
  readonly layers: readonly string[];
  /** What it is called in a folder of several images, without its tag. */
  readonly imageName?: string;
  /** What a folder's catalogue calls it: `image:tag`. */
  readonly catalogued?: string;
}

export interface DockerSaveImage {
  readonly repoTags: readonly string[];
  /** Exactly as saved. */
  readonly configBytes: Uint8Array;
  readonly config: ImageConfig;
  /** As many as the config has diff_ids, lowest first. */
  readonly layers: readonly DockerSaveLayer[];
}

export interface DockerSaveLayer {
  /** Its name in the archive; layers of the same name are the same file. */
  readonly file: string;
  /** Of the uncompressed tar, as the config has it. */
  readonly diffId: Digest;
  /** Bytes of the file. */
  readonly size: number;
  /** As the file's first bytes tell: older dockers and podman save plain tars, newer ones what they pulled. */
  readonly compression: Compression;
  /** Of the file, where its name tells: `blobs/sha256/HEX` of Docker 25 and later. */
  readonly digest?: Digest;
  /** The file from any offset, not checked. */
  readonly slices: Slices;
  /** The file as it is, checked against `digest` if there is one; the diff_id is the caller's to check. */
  open(): Promise<ByteStream>;
}

/**
 * Reads a docker-save archive's table of contents, or that of a folder that
 * lists its images in a catalogue. Throws LAYOUT_INVALID, UNSUPPORTED.
 */
export async function readDockerSave(files: Files, kernels: Kernels): Promise<DockerSave> {
  const images = await readImages(files);
  return {
    images,
    select: (ref) => (ref === undefined ? onlyImage(images) : named(images, ref)),
    read: (entry) => readImage(files, entry, kernels),
  };
}

const manifestSchema = v.array(
  v.pipe(
    v.looseObject({
      Config: v.string(),
      RepoTags: v.nullish(v.array(v.string())),
      Layers: v.nullish(v.array(v.string())),
      ImageName: v.nullish(v.string()),
    }),
    v.check((entry) => !hasRival(entry), "a name in it is there in two spellings"),
  ),
);

/** Readers in Go take `config` for `Config`, and of both the last: they would load another image than we do. */
function hasRival(entry: object): boolean {
  const names = Object.keys(entry).map((name) => name.toUpperCase());
  return new Set(names).size < names.length;
}

/** Those of the catalogue, and of manifest.json what the catalogue does not list. */
async function readImages(files: Files): Promise<readonly DockerSaveEntry[]> {
  const catalogued: DockerSaveEntry[] = [];
  const lines = catalogEntries(await readCatalog(files));
  const listed = new Set(lines.map(({ file }) => file));
  for (const file of listed) {
    for (const entry of await readDockerManifest(files, safePath(file))) {
      const own = lines.filter((line) => line.file === file && mayBeCalled(entry, line));
      if (own.length === 0) catalogued.push(entry);
      for (const { image, tag } of own) catalogued.push({ ...entry, catalogued: `${image}:${tag}` });
    }
  }
  if (listed.has(DOCKER_SAVE_MANIFEST)) return catalogued;
  if (catalogued.length > 0 && !files.get(DOCKER_SAVE_MANIFEST)) return catalogued;
  return [...catalogued, ...(await readDockerManifest(files, DOCKER_SAVE_MANIFEST))];
}

/** What a manifest.json lists, or a file like it. Throws LAYOUT_INVALID, UNSUPPORTED. */
export async function readDockerManifest(
  files: Files,
  name: string = DOCKER_SAVE_MANIFEST,
): Promise<readonly DockerSaveEntry[]> {
  const file = files.get(name);
  if (!file) throw withoutManifest(files, name);
  const bytes = await collect(file.slice(), MAX_DOCUMENT_SIZE, name);
  const entries = parseJson(manifestSchema, bytes, name, "LAYOUT_INVALID");
  return entries.map((entry) => ({
    config: safePath(entry.Config),
    repoTags: entry.RepoTags ?? [],
    layers: (entry.Layers ?? []).map((layer) => safePath(layer)),
    ...(entry.ImageName && { imageName: entry.ImageName }),
  }));
}

function withoutManifest(files: Files, name: string): SealiftError {
  if (name === DOCKER_SAVE_MANIFEST && files.get(DOCKER_SAVE_REPOSITORIES)) {
    return new SealiftError(
      "UNSUPPORTED",
      `Cannot read docker-save archive: it has ${DOCKER_SAVE_REPOSITORIES} but no ${DOCKER_SAVE_MANIFEST}, ` +
        "the format of Docker before 1.10",
      { hint: "Convert it: `docker load` it with Docker 1.10 to 24, then `docker save` it again." },
    );
  }
  return new SealiftError("LAYOUT_INVALID", `Cannot read docker-save archive: it has no ${name}`);
}

async function readImage(files: Files, entry: DockerSaveEntry, kernels: Kernels): Promise<DockerSaveImage> {
  const configBytes = await readConfig(files, entry.config, kernels);
  const config = parseImageConfig(configBytes, entry.config);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== entry.layers.length) {
    throw new SealiftError(
      "LAYOUT_INVALID",
      `Cannot read ${entry.config}: it has ${counted(diffIds.length, "diff_id")}, ${DOCKER_SAVE_MANIFEST} lists ${counted(entry.layers.length, "layer")}`,
    );
  }
  const layers: DockerSaveLayer[] = [];
  for (const [index, diffId] of diffIds.entries()) {
    layers.push(await readLayer(files, entry.layers[index] as string, diffId, kernels));
  }
  return { repoTags: entry.repoTags, configBytes, config, layers };
}

/** The config's name is its digest in every version; what it says would be a pretence if it did not hold. */
async function readConfig(files: Files, name: string, kernels: Kernels): Promise<Uint8Array> {
  const file = fileOf(files, name);
  const digest = digestInName(name);
  const stream = digest ? verified(file.slice(), { digest, size: file.size }, kernels, name) : file.slice();
  return collect(stream, MAX_DOCUMENT_SIZE, name);
}

async function readLayer(
  files: Files,
  name: string,
  diffId: Digest,
  kernels: Kernels,
): Promise<DockerSaveLayer> {
  const file = fileOf(files, name);
  const head = await collect(file.slice(0, Math.min(4, file.size)), 4, name);
  const digest = name.startsWith("blobs/") ? digestInName(name) : undefined;
  return {
    file: name,
    diffId,
    size: file.size,
    slices: file,
    compression: compressionOf(head),
    ...(digest && { digest }),
    async open() {
      return digest ? verified(file.slice(), { digest, size: file.size }, kernels, name) : file.slice();
    },
  };
}

/** `HEX.json` (docker, podman, skopeo), `sha256:HEX` (crane), `blobs/sha256/HEX` (Docker 25 and later). */
export function digestInName(name: string): Digest | undefined {
  const hex = /^(?:blobs\/sha256\/|sha256:)?([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];
  const digest = `sha256:${hex}`;
  return isDigest(digest) ? digest : undefined;
}

function fileOf(files: Files, name: string): Slices {
  const file = files.get(name);
  if (file) return file;
  throw new SealiftError(
    "LAYOUT_INVALID",
    `Cannot read docker-save archive: ${DOCKER_SAVE_MANIFEST} names ${name}, which is not there`,
  );
}

/** By its own full name before a catalogue's, which lacks the registry; by a part of its name where no other has it. */
function named(images: readonly DockerSaveEntry[], ref: string): DockerSaveEntry {
  const wanted = tagName(ref);
  const isWanted = (tag: string) => tag === ref || tagName(tag) === wanted;
  const found =
    images.find((image) => fullTags(image).some(isWanted)) ??
    images.find(({ catalogued }) => catalogued === ref || catalogued === `${ref}:latest`) ??
    onlyOne(images.filter(({ repoTags }) => repoTags.some(isWanted))) ??
    images.find(({ config }) => digestInName(config) === ref);
  if (found) return found;
  throw new SealiftError(
    "NOT_FOUND",
    `Cannot find "${ref}" in docker-save archive: it has ${listed(images)}`,
  );
}

/** An image's tags but for those that lack a part of what the catalogue calls it, as occystrap's do. */
function fullTags({ repoTags, catalogued }: DockerSaveEntry): readonly string[] {
  if (catalogued === undefined) return repoTags;
  const name = catalogName(catalogued);
  return repoTags.filter(
    (tag) => sameCatalogName(catalogName(tag), name) || tagName(tag) === tagName(catalogued),
  );
}

function onlyOne(images: readonly DockerSaveEntry[]): DockerSaveEntry | undefined {
  return images.length === 1 ? images[0] : undefined;
}

function onlyImage(images: readonly DockerSaveEntry[]): DockerSaveEntry {
  const [first, ...others] = images;
  if (!first)
    throw new SealiftError("LAYOUT_INVALID", "Cannot pick an image: the docker-save archive has none");
  if (others.length > 0) {
    throw new SealiftError(
      "USAGE",
      `Cannot pick an image of ${images.length} in docker-save archive: name one of ${listed(images)}`,
    );
  }
  return first;
}

/**
 * One spelling for all that mean the same: `app`, `app:latest`,
 * `docker.io/library/app:latest`, and Docker Hub by its former name.
 */
export function tagName(ref: string): string {
  try {
    const {
      registry,
      repository,
      tag = "latest",
    } = parseReference(ref.replace(/^index\.docker\.io\//, "docker.io/"));
    return formatReference({ registry, repository, tag });
  } catch {
    return ref;
  }
}

function listed(images: readonly DockerSaveEntry[]): string {
  return images.map((image) => imageNames(image)[0]).join(", ") || "no images";
}

/** By what an image is picked: a catalogue's name, else its tags, else its config's digest. */
export function imageNames({ repoTags, config, catalogued }: DockerSaveEntry): readonly string[] {
  if (catalogued) return [catalogued];
  return repoTags.length > 0 ? repoTags : [digestInName(config) ?? config];
}
