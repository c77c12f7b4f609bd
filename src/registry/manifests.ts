import * as v from "valibot";
import { digestOf } from "../bytes/content.ts";
import { SealiftError } from "../error.ts";
import type { FetchHeaders } from "../host.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestAlgorithm, isDigest } from "../oci/digest.ts";
import { MAX_DOCUMENT_SIZE, parseJson } from "../oci/json.ts";
import { isIndexType, isManifestType, MANIFEST_TYPES, MEDIA_TYPE } from "../oci/media-type.ts";
import type { Call, RegistryClient } from "./client.ts";
import { checkTarget } from "./endpoint.ts";
import { repositoryScope } from "./scope.ts";

export interface PulledManifest {
  /** Media type, digest and size of the bytes. */
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/**
 * A manifest's or index's bytes, checked against the digest asked for and the
 * one the registry states. Throws MANIFEST_UNKNOWN, DIGEST_MISMATCH,
 * LIMIT_EXCEEDED, MANIFEST_INVALID, UNSUPPORTED.
 */
export async function pullManifest(
  client: RegistryClient,
  repository: string,
  target: string,
): Promise<PulledManifest> {
  const call = manifestCall(client, repository, target, "GET");
  const { response, bytes } = await client.read(call, MAX_DOCUMENT_SIZE);
  const digest = checkDigest(client, call, target, bytes, response.headers);
  const mediaType = mediaTypeOf(call, response.headers, bytes);
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

/** What a tag or digest stands for, by HEAD; by GET where the registry's HEAD does not say enough. */
export async function resolveManifest(
  client: RegistryClient,
  repository: string,
  target: string,
): Promise<Descriptor> {
  const call = manifestCall(client, repository, target, "HEAD");
  const { response } = await client.ask({ ...call, expect: [200, 400, 405, 501] });
  const stated = response.ok ? statedDescriptor(response.headers) : undefined;
  if (!stated) return (await pullManifest(client, repository, target)).descriptor;
  if (isDigest(target) && stated.digest !== target) throw mismatch(call, stated.digest, target);
  return stated;
}

/** Stores exactly these bytes. Returns what the registry now has, and its answer's headers. */
export async function pushManifest(
  client: RegistryClient,
  repository: string,
  target: string,
  bytes: Uint8Array,
  mediaType: string,
): Promise<{ readonly descriptor: Descriptor; readonly headers: FetchHeaders }> {
  const what = `push manifest ${nameOf(client, repository, target)}`;
  const algorithm = isDigest(target) ? digestAlgorithm(target) : "sha256";
  const digest = digestOf(client.host.kernels, bytes, algorithm);
  if (isDigest(target) && target !== digest) throw mismatch({ what }, digest, target);
  const { response } = await client.ask({
    method: "PUT",
    url: client.url(repository, "manifests", checkTarget(target)),
    what,
    scopes: [repositoryScope(repository, "pull,push")],
    expect: [200, 201, 202],
    headers: { "content-type": mediaType },
    body: bytes,
  });
  checkStatedDigest(client, { what }, bytes, response.headers);
  return { descriptor: { mediaType, digest, size: bytes.length }, headers: response.headers };
}

function manifestCall(
  client: RegistryClient,
  repository: string,
  target: string,
  method: "GET" | "HEAD",
): Call {
  return {
    method,
    url: client.url(repository, "manifests", checkTarget(target)),
    what: `pull manifest ${nameOf(client, repository, target)}`,
    scopes: [repositoryScope(repository, "pull")],
    expect: [200],
    missing: "MANIFEST_UNKNOWN",
    headers: { accept: MANIFEST_TYPES.join(", ") },
  };
}

function nameOf(client: RegistryClient, repository: string, target: string): string {
  return `${client.endpoint.registry}/${repository}${isDigest(target) ? "@" : ":"}${target}`;
}

function statedDescriptor(headers: FetchHeaders): Descriptor | undefined {
  const mediaType = bareType(headers);
  const digest = headers.get("docker-content-digest");
  const size = headers.get("content-length");
  if (!isManifestType(mediaType) && !isIndexType(mediaType)) return undefined;
  if (!digest || !isDigest(digest) || !size || !/^\d{1,15}$/.test(size)) return undefined;
  return { mediaType, digest, size: Number(size) };
}

function checkDigest(
  client: RegistryClient,
  call: Call,
  target: string,
  bytes: Uint8Array,
  headers: FetchHeaders,
): Digest {
  const stated = checkStatedDigest(client, call, bytes, headers);
  if (!isDigest(target)) return stated ?? digestOf(client.host.kernels, bytes);
  const actual = digestOf(client.host.kernels, bytes, digestAlgorithm(target));
  if (actual !== target) throw mismatch(call, actual, target);
  return actual;
}

/** Docker-Content-Digest, if there is one that can be read; it must be the bytes'. */
function checkStatedDigest(
  client: RegistryClient,
  call: Pick<Call, "what">,
  bytes: Uint8Array,
  headers: FetchHeaders,
): Digest | undefined {
  const stated = headers.get("docker-content-digest") ?? "";
  if (!isDigest(stated)) return undefined;
  const actual = digestOf(client.host.kernels, bytes, digestAlgorithm(stated));
  if (actual !== stated) throw mismatch(call, actual, stated);
  return stated;
}

const documentSchema = v.looseObject({
  schemaVersion: v.optional(v.number()),
  mediaType: v.optional(v.string()),
  manifests: v.optional(v.unknown()),
  config: v.optional(v.unknown()),
});

/**
 * The Content-Type, or where that says nothing the document's own mediaType,
 * or its shape. Two that disagree are refused: which of them a reader believes
 * would decide what the same digest means (CVE-2021-41190).
 */
function mediaTypeOf(call: Call, headers: FetchHeaders, bytes: Uint8Array): string {
  const header = bareType(headers);
  const document = parseJson(documentSchema, bytes, call.what.replace(/^pull /, ""), "MANIFEST_INVALID");
  const own = document.mediaType;
  if (isManifestType(header) || isIndexType(header)) {
    if (own === undefined || own === header) return header;
    throw new SealiftError(
      "MANIFEST_INVALID",
      `Cannot ${call.what}: it is served as ${header} but says ${own}`,
    );
  }
  if (document.schemaVersion === 1) {
    throw new SealiftError(
      "UNSUPPORTED",
      `Cannot ${call.what}: it is in Docker's schema 1, given up in 2019`,
    );
  }
  if (own !== undefined) return own;
  if (Array.isArray(document.manifests)) return MEDIA_TYPE.ociIndex;
  if (document.config !== undefined) return MEDIA_TYPE.ociManifest;
  throw new SealiftError("MANIFEST_INVALID", `Cannot ${call.what}: it is neither a manifest nor an index`);
}

function bareType(headers: FetchHeaders): string {
  return (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

function mismatch(call: Pick<Call, "what">, actual: string, expected: string): SealiftError {
  return new SealiftError(
    "DIGEST_MISMATCH",
    `Cannot ${call.what}: its digest is ${actual}, expected ${expected}`,
  );
}
