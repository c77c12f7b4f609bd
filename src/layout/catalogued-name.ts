/** What a catalogue calls an image, held against what the image's own file says. */
import type { Files } from "../bytes/files.ts";
import { isSealiftError } from "../error.ts";
import {
  type Catalog,
  type CatalogName,
  catalogEntries,
  catalogName,
  mayBeCalled,
  sameCatalogName,
} from "./catalog.ts";
import { type DockerSaveEntry, readDockerManifest, tagName } from "./docker-save.ts";

/** An image that goes into a folder. */
export interface NamedImage {
  readonly name: CatalogName;
  /** With their registry, which the catalogue leaves out. */
  readonly repoTags: readonly string[];
  /** That lists its config and layers. */
  readonly file: string;
}

/** An image of another name that stands in the way. */
export interface OtherImage {
  readonly name: string;
  readonly file: string;
}

/**
 * The image of another name whose file an image would take, or whose line of
 * the catalogue: by either it could not be found again. A folder's manifest.json
 * is for one image, and whatever is in it is replaced. Throws LAYOUT_INVALID.
 */
export async function imageInTheWay(
  image: NamedImage,
  files: Files,
  catalog: Catalog,
  replaces: boolean,
): Promise<OtherImage | undefined> {
  const lines = catalogEntries(catalog);
  const ofItsName = lines.filter((line) => sameCatalogName(line, image.name)).map(({ file }) => file);
  const candidates = new Set(replaces ? ofItsName : [image.file, ...ofItsName]);
  if (replaces) candidates.delete(image.file);
  for (const file of candidates) {
    const calledSo = lines.filter((line) => line.file === file);
    for (const entry of await entriesOf(files, file)) {
      const name = otherName(entry, calledSo, image);
      if (name !== undefined) return { name, file };
    }
  }
  return undefined;
}

/** What is damaged is nobody's, and is written again. */
async function entriesOf(files: Files, file: string): Promise<readonly DockerSaveEntry[]> {
  if (!files.get(file)) return [];
  try {
    return await readDockerManifest(files, file);
  } catch (error) {
    if (isSealiftError(error, "LAYOUT_INVALID", "UNSAFE_PATH")) return [];
    throw error;
  }
}

/** The name of the entry, if it is not the image's. */
function otherName(
  entry: DockerSaveEntry,
  calledSo: readonly CatalogName[],
  { name, repoTags }: NamedImage,
): string | undefined {
  const own = entry.repoTags[0] ?? calledSo.map(({ image, tag }) => `${image}:${tag}`)[0] ?? entry.config;
  if (!mayBeCalled(entry, name)) return own;
  const full = entry.repoTags.filter((tag) => sameCatalogName(catalogName(tag), name));
  if (full.length > 0) {
    const same = full.some((tag) => repoTags.some((other) => tagName(other) === tagName(tag)));
    return same ? undefined : full[0];
  }
  // What says of itself nothing or half of its name has it from the catalogue.
  return calledSo.length === 0 || calledSo.some((line) => sameCatalogName(line, name)) ? undefined : own;
}
