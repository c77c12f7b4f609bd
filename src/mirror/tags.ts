import { SealiftError } from "../error.ts";
import type { Digest } from "../oci/digest.ts";
import type { PageOptions, Tags } from "../store/store.ts";

/** One page of a longer list. */
export interface Page {
  readonly names: readonly string[];
  /** Whether names follow after the last of these. */
  readonly more: boolean;
}

export interface MirrorTags {
  /** A repository's tags in byte order. Throws NAME_UNKNOWN. */
  list(repository: string, options?: PageOptions): Promise<Page>;
  /** Repositories in byte order. */
  repositories(options?: PageOptions): Promise<Page>;
}

/** The most names in one page; more are behind its link. */
export const PAGE_SIZE = 1000;

export function mirrorTags(tags: Tags): MirrorTags {
  return {
    async list(repository, options) {
      const page = await pageFrom(options, (wanted) => tags.list(repository, wanted));
      if (page) return page;
      throw new SealiftError(
        "NAME_UNKNOWN",
        `Cannot list tags of ${repository}: there is no such repository`,
      );
    },
    repositories: (options) => pageFrom(options, (wanted) => tags.repositories(wanted)),
  };
}

/** Asks for one name more than the page holds, to know whether a next page exists. */
async function pageFrom<Names extends readonly string[] | undefined>(
  { last, limit = PAGE_SIZE }: PageOptions = {},
  list: (options: PageOptions) => Promise<Names>,
): Promise<Page | (Names & undefined)> {
  const size = Math.min(limit, PAGE_SIZE);
  const names = await list({ ...(last !== undefined && { last }), limit: size + 1 });
  if (names === undefined) return names as Names & undefined;
  return { names: names.slice(0, size), more: size > 0 && names.length > size };
}

/** Losing this many races in a row for one tag means something else is wrong. */
const MAX_RACES = 1000;

/**
 * Points the tag at `next` (undefined: removes it) wherever it was: the last to
 * come wins. Resolves to where it was.
 */
export async function moveTag(
  tags: Tags,
  repository: string,
  tag: string,
  next: Digest | undefined,
): Promise<Digest | undefined> {
  for (let race = 0; race < MAX_RACES; race++) {
    const current = await tags.get(repository, tag);
    if (current === next) return current;
    if (await tags.compareAndSwap(repository, tag, current, next)) return current;
  }
  throw new SealiftError("IO", `Cannot move tag ${repository}:${tag}: other writers never let go of it`);
}

/** Removes every tag of the repository that is at the digest. */
export async function untag(tags: Tags, repository: string, digest: Digest): Promise<void> {
  let last: string | undefined;
  do {
    const names = await tags.list(repository, { limit: PAGE_SIZE, ...(last !== undefined && { last }) });
    last = names?.length === PAGE_SIZE ? names.at(-1) : undefined;
    for (const tag of names ?? []) {
      if ((await tags.get(repository, tag)) !== digest) continue;
      // False means it was moved elsewhere meanwhile: then it is no longer ours to remove.
      await tags.compareAndSwap(repository, tag, digest, undefined);
    }
  } while (last !== undefined);
}
