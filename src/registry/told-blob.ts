import { drain } from "../bytes/stream.ts";
import { verified } from "../bytes/verified.ts";
import { counted, isSealiftError, SealiftError } from "../error.ts";
import type { FetchResponse } from "../host.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { BlobLocations } from "./blob-locations.ts";
import { openBlob } from "./blobs.ts";
import type { RegistryClient } from "./client.ts";
import { repositoryScope } from "./scope.ts";
import { otherDigest } from "./told-digest.ts";

type Blob = Pick<Descriptor, "digest" | "size">;

/** What a registry tells of a blob without sending it; `other` says how that differs from the blob. */
type ToldBlob = { readonly isThere: boolean; readonly other?: string };

/**
 * Whether the repository has the blob. One that it tells another size or digest
 * of is read; if that does not refute it, the blob is not there as it is wanted,
 * which is said in a warning.
 */
export async function findBlob(
  client: RegistryClient,
  locations: BlobLocations,
  repository: string,
  blob: Blob,
  actions: "pull" | "pull,push" = "pull",
): Promise<"there" | "absent" | "other"> {
  const { isThere, other } = await ask(client, repository, blob, actions);
  if (!isThere) return "absent";
  if (other === undefined) return "there";
  const what = nameOf(client, repository, blob);
  if ((await readingFailure(client, locations, repository, blob, other)) === undefined) return "there";
  client.warnOnce(`Blob ${what} is uploaded anew: the registry says that ${other}`);
  return "other";
}

/** As {@link findBlob}, for those who want it as it is. Throws SIZE_MISMATCH, DIGEST_MISMATCH. */
export async function checkBlob(
  client: RegistryClient,
  locations: BlobLocations,
  repository: string,
  blob: Blob,
): Promise<boolean> {
  const { isThere, other } = await ask(client, repository, blob, "pull");
  if (!isThere || other === undefined) return isThere;
  const cause = await readingFailure(client, locations, repository, blob, other);
  if (cause === undefined) return true;
  if (isSealiftError(cause, "UNAUTHORIZED", "DENIED")) throw cause;
  const code = isSealiftError(cause, "DIGEST_MISMATCH") ? "DIGEST_MISMATCH" : "SIZE_MISMATCH";
  const message = `Cannot use blob ${nameOf(client, repository, blob)}: the registry says that ${other}`;
  throw new SealiftError(code, message, { cause, hint: DAMAGED_HINT });
}

/**
 * Why reading the blob fails. Undefined where it does not, and what the registry
 * told is wrong: some tell of a mounted blob what is true of their link to it.
 */
async function readingFailure(
  client: RegistryClient,
  locations: BlobLocations,
  repository: string,
  blob: Blob,
  told: string,
): Promise<unknown> {
  const what = `blob ${nameOf(client, repository, blob)}`;
  try {
    const range = { ...blob, start: 0, end: blob.size };
    const bytes = await openBlob(client, locations, repository, range);
    await drain(verified(bytes, blob, client.host.kernels, what));
  } catch (error) {
    if (isSealiftError(error, "ABORTED", "RATE_LIMITED")) throw error;
    return error;
  }
  client.warnOnce(`The registry says of ${what} that ${told}; what it sends is right`);
  return undefined;
}

function nameOf({ endpoint }: RegistryClient, repository: string, { digest }: Blob): string {
  return `${digest} of ${endpoint.registry}/${repository}`;
}

const DAMAGED_HINT =
  "Either the registry loses bytes, or it has a damaged file for this digest and keeps it, whoever pushes: " +
  "have its owner delete that file from its storage, then copy again.";

async function ask(
  client: RegistryClient,
  repository: string,
  blob: Blob,
  actions: "pull" | "pull,push",
): Promise<ToldBlob> {
  const { response } = await client.ask({
    method: "HEAD",
    url: client.url(repository, "blobs", blob.digest),
    what: `look for blob ${blob.digest} in ${client.endpoint.registry}/${repository}`,
    scopes: [repositoryScope(repository, actions)],
    expect: [200, 404],
  });
  if (response.status === 404) return { isThere: false };
  const other = difference(response, blob);
  return { isThere: true, ...(other !== undefined && { other }) };
}

/** Unknown is not wrong: only what is told, and of these very bytes, is compared. */
function difference(response: FetchResponse, { digest, size }: Blob): string | undefined {
  const told = toldSize(response);
  if (told !== undefined && told !== size) return `it has ${counted(told, "byte")}, expected ${size}`;
  const other = otherDigest(response, digest);
  return other && `its digest is ${other}`;
}

/**
 * A blob's size in an answer to HEAD, in bytes. Undefined without one; where the
 * length is of bytes encoded for transfer; and where it is 0, which servers and
 * proxies send that do not know it.
 */
function toldSize({ headers }: FetchResponse): number | undefined {
  const length = headers.get("content-length")?.trim() ?? "";
  if (!/^\d{1,15}$/.test(length) || headers.has("content-encoding")) return undefined;
  return Number(length) || undefined;
}
