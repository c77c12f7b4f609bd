import * as v from "valibot";
import type { Files } from "../bytes/files.ts";
import { collect } from "../bytes/stream.ts";
import { encodeJson, MAX_DOCUMENT_SIZE, parseJson } from "../oci/json.ts";

/** Where a folder of several images keeps what it holds. */
export const CATALOG_FILE = "catalog.json";

/** By an image's name and its tag: the file that lists its config and layers as manifest.json does. */
export type Catalog = Readonly<Record<string, Readonly<Record<string, string>>>>;

const catalogSchema = v.record(v.string(), v.record(v.string(), v.string()));

/** The folder's catalogue; empty where it has none. Throws LAYOUT_INVALID. */
export async function readCatalog(files: Files): Promise<Catalog> {
  const file = files.get(CATALOG_FILE);
  if (!file) return {};
  return parseCatalog(await collect(file.slice(), MAX_DOCUMENT_SIZE, CATALOG_FILE));
}

/** Throws LAYOUT_INVALID. */
export function parseCatalog(bytes: Uint8Array): Catalog {
  return parseJson(catalogSchema, bytes, CATALOG_FILE, "LAYOUT_INVALID");
}

/** The catalogue with another image in it; what stood in the same file is no more. */
export function withImage(catalog: Catalog, { image, tag }: CatalogName, file: string): Catalog {
  const entries = catalogEntries(catalog).filter((entry) => entry.file !== file);
  const merged = new Map<string, Map<string, string>>();
  for (const entry of [...entries, { image, tag, file }]) {
    const tags = merged.get(entry.image) ?? new Map<string, string>();
    merged.set(entry.image, tags.set(entry.tag, entry.file));
  }
  return Object.fromEntries([...merged].map(([name, tags]) => [name, Object.fromEntries(tags)]));
}

/** The catalogue's bytes. */
export function encodeCatalog(catalog: Catalog): Uint8Array {
  return encodeJson(catalog);
}

/** What a catalogue calls an image. */
export interface CatalogName {
  /** Without the registry. */
  readonly image: string;
  readonly tag: string;
}

/** All a catalogue lists, in its order. */
export function catalogEntries(catalog: Catalog): readonly (CatalogName & { readonly file: string })[] {
  return Object.entries(catalog).flatMap(([image, tags]) =>
    Object.entries(tags).map(([tag, file]) => ({ image, tag, file })),
  );
}

/** `registry/repository:tag@digest` as a catalogue has it; a registry is told by its dot, its port or `localhost`. */
export function catalogName(name: string): CatalogName {
  const [bare = ""] = name.split("@");
  const withoutRegistry = bare.replace(/^(?:[^/]*[.:][^/]*|localhost)\//, "");
  const colon = withoutRegistry.indexOf(":", withoutRegistry.lastIndexOf("/") + 1);
  if (colon < 0) return { image: withoutRegistry, tag: "latest" };
  return { image: withoutRegistry.slice(0, colon), tag: withoutRegistry.slice(colon + 1) };
}

/**
 * Whether a catalogue's name can be an entry's: `app:web-1` and `app-web:1` have
 * one file, as have `a/b` and `a_b`, and the catalogue may still list both.
 * occystrap's RepoTags are the last part of the name and the tag.
 */
export function mayBeCalled(
  { imageName, repoTags }: { readonly imageName?: string; readonly repoTags: readonly string[] },
  { image, tag }: CatalogName,
): boolean {
  if (imageName !== undefined && imageName !== image) return false;
  if (repoTags.length === 0) return true;
  return repoTags.map(catalogName).some((own) => own.tag === tag && `/${image}`.endsWith(`/${own.image}`));
}

export function sameCatalogName(a: CatalogName, b: CatalogName): boolean {
  return a.image === b.image && a.tag === b.tag;
}

/** What the image's files are called beside others': `manifest-IMAGE-TAG`. */
export function uniqueName({ image, tag }: CatalogName): string {
  return `manifest-${image}-${tag}`.replaceAll("/", "_");
}

/** Folders beside an image's files that hold its root file system, with links that lead anywhere. */
const ROOT_FILE_SYSTEMS = /^(?:manifest(?:-.*)?|rootfs|delta|working|l)$/;

/** Whether a folder of an image's folder has files of the image in it. */
export function holdsImageFiles(folder: string): boolean {
  if (folder.includes("/")) return folder.startsWith("blobs/");
  return !ROOT_FILE_SYSTEMS.test(folder);
}
