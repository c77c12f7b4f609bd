import { SealiftError } from "../error.ts";
import { type Digest, isDigest } from "./digest.ts";

/** A registry, a repository in it, and a tag or digest or both. */
export interface Reference {
  /** `host[:port]`, as given; docker.io stands for Docker Hub. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const HOST =
  /^(localhost|[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

const HUB = "docker.io";

/**
 * Parses `host[:port]/repository[:tag][@digest]`; a first part without dot,
 * colon or `localhost` belongs to Docker Hub, as every client has it.
 * Throws REFERENCE_INVALID.
 */
export function parseReference(text: string): Reference {
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) throw invalid(text, `"${digest}" is not a digest`);
  const name = at < 0 ? text : text.slice(0, at);
  const colon = name.lastIndexOf(":");
  const hasTag = colon > name.lastIndexOf("/");
  const tag = hasTag ? name.slice(colon + 1) : undefined;
  if (tag !== undefined && !isTag(tag)) throw invalid(text, `"${tag}" is not a tag`);
  const path = hasTag ? name.slice(0, colon) : name;
  const { registry, repository } = splitHost(path);
  if (!HOST.test(registry)) throw invalid(text, `"${registry}" is not a host`);
  if (!isRepositoryName(repository)) throw invalid(text, `"${repository}" is not a repository name`);
  return { registry, repository, ...(tag && { tag }), ...(digest && { digest: digest as Digest }) };
}

/**
 * As {@link parseReference}, of what lies at a registry: a host alone is no
 * name at Docker Hub, though docker itself takes it for one. Throws REFERENCE_INVALID.
 */
export function parseRemoteReference(text: string): Reference {
  const [name = ""] = text.split("@");
  if (name.includes("/") || !LONE_HOST.test(name)) return parseReference(text);
  throw new SealiftError("REFERENCE_INVALID", `Cannot read reference "${text}": it names no repository`, {
    hint: `The repository follows the registry's host: ${name}/REPOSITORY[:TAG].`,
  });
}

/** What no repository of Docker Hub's own images is called: localhost, an address, a name with dots. */
const LONE_HOST = /^(?:localhost|\[.*\]|[^:]*\.[^:]*)(?::.*)?$/;

/** distribution-spec, "Pulling manifests": the name's grammar. */
export function isRepositoryName(name: string): boolean {
  return name.length <= 255 && name.split("/").every((part) => COMPONENT.test(part));
}

export function isTag(tag: string): boolean {
  return TAG.test(tag);
}

/** The reference as text; parse and format are each other's inverse but for Docker Hub's short names. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag ? `:${reference.tag}` : "";
  const digest = reference.digest ? `@${reference.digest}` : "";
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** What to ask a registry for: the digest if there is one, else the tag, else `latest`. */
export function referenceTarget(reference: Reference): string {
  return reference.digest ?? reference.tag ?? "latest";
}

function splitHost(path: string): { registry: string; repository: string } {
  const slash = path.indexOf("/");
  const first = slash < 0 ? "" : path.slice(0, slash);
  if (slash > 0 && (/[.:]/.test(first) || first === "localhost")) {
    const rest = path.slice(slash + 1);
    return { registry: first, repository: first === HUB && !rest.includes("/") ? `library/${rest}` : rest };
  }
  return { registry: HUB, repository: slash < 0 ? `library/${path}` : path };
}

/** A reference, or what should have been one, for people: without a login that stands in front. */
export function withoutLogin(text: string): string {
  return text.replace(/^.*@(?!sha\d+:)/s, "…@");
}

function invalid(text: string, reason: string): SealiftError {
  return new SealiftError("REFERENCE_INVALID", `Cannot read reference "${withoutLogin(text)}": ${reason}`);
}
