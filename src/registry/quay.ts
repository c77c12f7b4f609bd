import * as v from "valibot";
import { collect } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import { digestSchema } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseJson } from "../oci/json.ts";
import { isRepositoryName } from "../oci/reference.ts";
import { endpointOf } from "./endpoint.ts";
import { failureOf } from "./failure.ts";
import { retrying } from "./retry.ts";
import { send } from "./transport.ts";

/** Ends a list whose pages go in a circle or never stop. */
const MAX_PAGES = 1000;
/** The largest answer, in bytes. */
const MAX_ANSWER = 8 * 1024 * 1024;

export interface QuayOptions {
  /** An OAuth token of the API; without it only what is public is seen. */
  readonly token?: string;
  /** Speak HTTP, not only to loopback. */
  readonly insecure?: boolean | undefined;
}

/** An organisation at Quay, through its own REST API: it lists what `_catalog` there does not. */
export interface QuayOrganisation {
  /** Names of the repositories, without the organisation's, in byte order. */
  repositories(): Promise<readonly string[]>;
  /** What an active tag stands for; undefined where there is none of that name. */
  tag(repository: string, tag: string): Promise<Digest | undefined>;
  /** Whether the manifest has the label with this value. */
  hasLabel(repository: string, manifest: Digest, key: string, value: string): Promise<boolean>;
}

const repositoriesSchema = v.looseObject({
  repositories: v.array(v.looseObject({ name: v.string() })),
  next_page: v.nullish(v.string()),
});
const tagsSchema = v.looseObject({
  tags: v.array(v.looseObject({ name: v.string(), manifest_digest: digestSchema })),
});
const labelsSchema = v.looseObject({
  labels: v.array(v.looseObject({ key: v.string(), value: v.string() })),
});

/** Nothing is sent before it is asked for something. Throws UNAUTHORIZED, NOT_FOUND, REGISTRY_ERROR, UNREACHABLE. */
export function quayOrganisation(
  host: Host,
  registry: string,
  name: string,
  { token, insecure }: QuayOptions = {},
): QuayOrganisation {
  const { base } = endpointOf(registry, insecure);
  const ask = async <T>(
    schema: v.GenericSchema<unknown, T>,
    what: string,
    path: readonly string[],
    parameters: Readonly<Record<string, string>>,
  ): Promise<T> => {
    const url = new URL(["api", "v1", "repository", ...path.map(encodeURIComponent)].join("/"), base);
    url.search = new URLSearchParams(parameters).toString();
    return parseJson(schema, await get(url, what, host, token), `the answer to ${what}`, "REGISTRY_ERROR");
  };
  return {
    async repositories() {
      const what = `list the repositories of ${registry}/${name}`;
      const names = new Set<string>();
      let page: string | undefined;
      for (let count = 0; count < MAX_PAGES; count++) {
        const found = await ask(repositoriesSchema, what, [], {
          namespace: name,
          public: "true",
          ...(page !== undefined && { next_page: page }),
        });
        for (const repository of found.repositories) {
          if (isRepositoryName(repository.name)) names.add(repository.name);
        }
        page = found.next_page ?? undefined;
        if (page === undefined) return [...names].sort();
      }
      throw new SealiftError("LIMIT_EXCEEDED", `Cannot ${what}: the list has more than ${MAX_PAGES} pages`);
    },
    async tag(repository, tag) {
      const what = `find ${registry}/${name}/${repository}:${tag}`;
      const { tags } = await ask(tagsSchema, what, [name, repository, "tag", ""], {
        specificTag: tag,
        onlyActiveTags: "true",
        limit: "1",
      });
      return tags.find((found) => found.name === tag)?.manifest_digest;
    },
    async hasLabel(repository, manifest, key, value) {
      const what = `read the labels of ${registry}/${name}/${repository}@${manifest}`;
      const path = [name, repository, "manifest", manifest, "labels"];
      const { labels } = await ask(labelsSchema, what, path, { filter: key });
      return labels.some((label) => label.key === key && label.value === value);
    },
  };
}

function get(url: URL, what: string, host: Host, token: string | undefined): Promise<Uint8Array> {
  return retrying(host, async () => {
    const request = { method: "GET", url, what, headers: { accept: "application/json" } } as const;
    const { response } = await send(host, request, token && `Bearer ${token}`);
    if (response.status !== 200) {
      const tried = token ? ["the URI's token"] : [];
      throw await failureOf(response, { what, tried, now: host.clock.now() });
    }
    return response.body ? collect(response.body, MAX_ANSWER, `the answer to ${what}`) : new Uint8Array();
  });
}
