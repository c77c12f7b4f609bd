import * as v from "valibot";
import { parseJson } from "../oci/json.ts";
import type { RegistryClient } from "./client.ts";
import { MAX_PAGE_SIZE, pagesOf } from "./page.ts";
import { repositoryScope } from "./scope.ts";

const PAGE_SIZE = 1000;

// A repository without tags is listed as null by distribution.
const tagListSchema = v.looseObject({ tags: v.nullish(v.array(v.string())) });

/** All tags of a repository in byte order, as not every registry sorts them. Throws NAME_UNKNOWN. */
export async function listTags(client: RegistryClient, repository: string): Promise<readonly string[]> {
  const what = `list the tags of ${client.endpoint.registry}/${repository}`;
  const url = client.url(repository, "tags", "list");
  url.searchParams.set("n", String(PAGE_SIZE));
  const scopes = [repositoryScope(repository, "pull")];
  const tags = new Set<string>();
  const first = { method: "GET", url, what, scopes, expect: [200], missing: "NAME_UNKNOWN" } as const;
  for await (const page of pagesOf(client, first)) {
    for (const tag of parseJson(tagListSchema, page.bytes, what, "REGISTRY_ERROR").tags ?? []) tags.add(tag);
  }
  return [...tags].sort();
}

/** Whether a repository has any tag; false also where there is no such repository. */
export async function hasTags(
  client: RegistryClient,
  repository: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const what = `look for tags of ${client.endpoint.registry}/${repository}`;
  const url = client.url(repository, "tags", "list");
  url.searchParams.set("n", "1");
  const scopes = [repositoryScope(repository, "pull,push")];
  const { response, bytes } = await client.read(
    { method: "GET", url, what, scopes, expect: [200, 404], ...(signal && { signal }) },
    MAX_PAGE_SIZE,
  );
  if (response.status === 404) return false;
  return (parseJson(tagListSchema, bytes, what, "REGISTRY_ERROR").tags ?? []).length > 0;
}
