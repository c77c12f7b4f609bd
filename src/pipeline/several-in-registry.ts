import { ahead } from "../bytes/ahead.ts";
import { counted, isSealiftError, SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { formatReference, isTag, parseReference, type Reference } from "../oci/reference.ts";
import { openRegistry, type Registry } from "../registry/repository.ts";
import { DEFAULT_JOBS } from "../sink/put-manifest.ts";
import { registryImage } from "../source/registry-source.ts";
import { isPattern, matchesPattern } from "./name-pattern.ts";
import { noneFound } from "./none-found.ts";
import type { OpenSources, RunOptions, SourceImage } from "./schemes.ts";
import type { Uri } from "./uri.ts";
import { allowSourceOptions, REGISTRY_OPTIONS, registryOptions, selectionOf } from "./uri-options.ts";

/** Whose tag belongs to another manifest, by its name alone: cosign's, and the referrers' fallback. */
const ATTACHED_TAG = /^sha(?:256|512)-[0-9a-f]{64,128}(?:\.|$)/;

/** Every image of `HOST/REPOSITORY:TAG` with a pattern as repository, tag or both. */
export const severalInRegistry: OpenSources = async (uri, host, options) => {
  allowSourceOptions(uri, options, ...REGISTRY_OPTIONS);
  const wanted = parsePattern(uri);
  const registry = openRegistry(host, wanted.registry, registryOptions(uri, options));
  const repositories = await repositoriesOf(registry, wanted.repository);
  const images: Reference[] = [];
  const without: string[] = [];
  const tags = ahead(repositories, options.jobs ?? DEFAULT_JOBS, async (repository) => ({
    repository,
    tags: await tagsOf(registry, repository, wanted.tag),
  }));
  for await (const { repository, tags: found } of tags) {
    if (found.length === 0) without.push(repository);
    for (const tag of found) images.push({ registry: wanted.registry, repository, tag });
  }
  noteWithout(without, wanted.tag, host);
  if (images.length === 0)
    throw noneFound(
      uri,
      `the registry has none in ${counted(repositories.length, "repository", "repositories")}`,
    );
  return images.map((reference) => registrySourceImage(reference, uri, host, options));
};

/** One image of several that a registry has. */
export function registrySourceImage(
  reference: Reference,
  uri: Uri,
  host: Host,
  options: RunOptions,
): SourceImage {
  const { ref: _, ...selection } = selectionOf(uri, options);
  return {
    name: formatReference(reference),
    open: () => registryImage(reference, selection, host, registryOptions(uri, options)),
  };
}

/** Says which repositories a pattern means that have no such tag. */
export function noteWithout(repositories: readonly string[], tag: string, host: Host): void {
  if (repositories.length === 0) return;
  const shown = repositories.slice(0, MAX_NAMED).join(", ");
  const more = repositories.length > MAX_NAMED ? `, … ${repositories.length - MAX_NAMED} more` : "";
  host.log({ type: "info", message: `Skipped what has no tag ${tag}: ${shown}${more}` });
}

const MAX_NAMED = 5;

interface Wanted {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

/** A pattern is no reference, but with something in the place of its `*` it must be one. */
function parsePattern({ path }: Uri): Wanted {
  const slash = path.indexOf("/");
  const colon = path.lastIndexOf(":");
  const hasTag = colon > path.lastIndexOf("/");
  const registry = path.slice(0, slash);
  const repository = path.slice(slash + 1, hasTag ? colon : undefined);
  const tag = hasTag ? path.slice(colon + 1) : "latest";
  const filled = (text: string) => text.replaceAll("*", "a");
  if (slash < 0 || path.includes("@") || !/[.:]|^localhost$/.test(registry)) {
    throw new SealiftError(
      "URI_INVALID",
      `Cannot use "${path}" as a pattern: it is not HOST/REPOSITORY:TAG, with * in the last two only`,
    );
  }
  parseReference(`${registry}/${filled(repository).replace(/a+/g, "a")}`);
  if (!isTag(filled(tag))) {
    throw new SealiftError("REFERENCE_INVALID", `Cannot use "${path}" as a pattern: "${tag}" is no tag's`);
  }
  return { registry, repository, tag };
}

async function repositoriesOf(registry: Registry, pattern: string): Promise<readonly string[]> {
  if (!isPattern(pattern)) return [pattern];
  return (await registry.repositories()).filter((name) => matchesPattern(name, pattern));
}

async function tagsOf(registry: Registry, name: string, tag: string): Promise<readonly string[]> {
  const repository = registry.repository(name);
  try {
    if (isPattern(tag)) {
      const tags = await repository.tags();
      return tags.filter((found) => matchesPattern(found, tag) && !ATTACHED_TAG.test(found));
    }
    await repository.resolve(tag);
    return [tag];
  } catch (error) {
    if (isSealiftError(error, "MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND")) return [];
    throw error;
  }
}
