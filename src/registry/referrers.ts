import * as v from "valibot";
import { isSealiftError, SealiftError } from "../error.ts";
import type { FetchHeaders } from "../host.ts";
import { type Descriptor, descriptorSchema } from "../oci/descriptor.ts";
import { type Digest, digestAlgorithm, digestHex } from "../oci/digest.ts";
import { parseImageIndex } from "../oci/image-index.ts";
import { encodeJson, parseJson } from "../oci/json.ts";
import { isIndexType, MEDIA_TYPE } from "../oci/media-type.ts";
import type { Call, RegistryClient } from "./client.ts";
import { pullManifest, pushManifest } from "./manifests.ts";
import { pagesOf } from "./page.ts";
import { repositoryScope } from "./scope.ts";

/**
 * The manifests whose subject is `subject`, from the referrers API or, where
 * the registry has none, from the fallback tag (distribution-spec "Listing
 * Referrers"). None is an empty list.
 */
export async function listReferrers(
  client: RegistryClient,
  repository: string,
  subject: Digest,
  artifactType?: string,
): Promise<readonly Descriptor[]> {
  const all =
    (await askApi(client, repository, subject, artifactType)) ??
    (await readFallback(client, repository, fallbackTag(subject)));
  // A registry may ignore the filter (OCI-Filters-Applied says whether); asking twice costs nothing.
  return artifactType === undefined ? all : all.filter((found) => found.artifactType === artifactType);
}

/** distribution-spec "Referrers Tag Schema". */
export function fallbackTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject).slice(0, 64)}`;
}

const subjectSchema = v.looseObject({
  artifactType: v.optional(v.string()),
  config: v.optional(v.looseObject({ mediaType: v.string() })),
  subject: v.optional(descriptorSchema),
  annotations: v.optional(v.record(v.string(), v.string())),
});

/** Keeps the fallback tags of one repository; one update at a time, as each reads, adds and writes. */
export class ReferrersFallback {
  readonly #client: RegistryClient;
  readonly #repository: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: RegistryClient, repository: string) {
    this.#client = client;
    this.#repository = repository;
  }

  /**
   * After the push of `bytes`: if they have a subject and the registry does not
   * list referrers itself, adds them to the subject's fallback tag.
   */
  async record(descriptor: Descriptor, bytes: Uint8Array, headers: FetchHeaders): Promise<void> {
    const what = `list ${descriptor.digest} as a referrer`;
    const manifest = parseJson(subjectSchema, bytes, what, "MANIFEST_INVALID");
    if (!manifest.subject) return;
    const subject = manifest.subject.digest;
    if (headers.has("oci-subject") && (await this.#hasApi(subject))) return;
    const artifactType = manifest.artifactType ?? manifest.config?.mediaType;
    const entry: Descriptor = {
      ...descriptor,
      ...(artifactType !== undefined && { artifactType }),
      ...(manifest.annotations && { annotations: manifest.annotations }),
    };
    const update = this.#last.then(() => this.#add(fallbackTag(subject), entry));
    this.#last = update.catch(() => {});
    await update;
  }

  // The header alone is not believed: ECR has sent it without having the API.
  async #hasApi(subject: Digest): Promise<boolean> {
    return (await askApi(this.#client, this.#repository, subject)) !== undefined;
  }

  async #add(tag: string, entry: Descriptor): Promise<void> {
    const listed = await readFallback(this.#client, this.#repository, tag);
    if (listed.some(({ digest }) => digest === entry.digest)) return;
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [...listed, entry] };
    await pushManifest(this.#client, this.#repository, tag, encodeJson(index), MEDIA_TYPE.ociIndex);
  }
}

/** Undefined where the registry has no such API. */
async function askApi(
  client: RegistryClient,
  repository: string,
  subject: Digest,
  artifactType?: string,
): Promise<readonly Descriptor[] | undefined> {
  const url = client.url(repository, "referrers", subject);
  if (artifactType !== undefined) url.searchParams.set("artifactType", artifactType);
  const call: Call = {
    method: "GET",
    url,
    what: `list the referrers of ${client.endpoint.registry}/${repository}@${subject}`,
    scopes: [repositoryScope(repository, "pull")],
    expect: [200, 404, 405, 501],
    headers: { accept: MEDIA_TYPE.ociIndex },
  };
  const found: Descriptor[] = [];
  for await (const { response, bytes } of pagesOf(client, call)) {
    if (response.status !== 200 || !response.headers.get("content-type")?.startsWith(MEDIA_TYPE.ociIndex)) {
      return undefined;
    }
    found.push(...parseImageIndex(bytes, "the list of referrers").manifests);
  }
  return found;
}

async function readFallback(
  client: RegistryClient,
  repository: string,
  tag: string,
): Promise<readonly Descriptor[]> {
  try {
    const { descriptor, bytes } = await pullManifest(client, repository, tag);
    if (isIndexType(descriptor.mediaType)) return parseImageIndex(bytes, tag).manifests;
  } catch (error) {
    if (isSealiftError(error, "MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND")) return [];
    throw error;
  }
  throw new SealiftError("REGISTRY_ERROR", `Cannot list referrers: the tag ${tag} is not an image index`);
}
