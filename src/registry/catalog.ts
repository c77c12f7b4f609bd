import * as v from "valibot";
import { parseJson } from "../oci/json.ts";
import { isRepositoryName } from "../oci/reference.ts";
import type { RegistryClient } from "./client.ts";
import { pagesOf } from "./page.ts";

const PAGE_SIZE = 1000;

/** What a token must allow for it, as distribution and Harbor name it. */
const CATALOG_SCOPE = "registry:catalog:*";

const catalogSchema = v.looseObject({ repositories: v.nullish(v.array(v.string())) });

/**
 * All repositories of a registry in byte order: no part of the specification,
 * but of every registry that goes back to distribution. Names that are none
 * are left out. Throws UNSUPPORTED where it is not offered.
 */
export async function listRepositories(client: RegistryClient): Promise<readonly string[]> {
  const what = `list the repositories of ${client.endpoint.registry}`;
  const url = new URL(`/v2/_catalog?n=${PAGE_SIZE}`, client.endpoint.base);
  const first = { method: "GET", url, what, scopes: [CATALOG_SCOPE], expect: [200] } as const;
  const names = new Set<string>();
  for await (const page of pagesOf(client, { ...first, missing: "UNSUPPORTED" })) {
    const { repositories } = parseJson(catalogSchema, page.bytes, what, "REGISTRY_ERROR");
    for (const name of repositories ?? []) if (isRepositoryName(name)) names.add(name);
  }
  return [...names].sort();
}
