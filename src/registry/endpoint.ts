import { SealiftError } from "../error.ts";
import { isDigest } from "../oci/digest.ts";
import { isRepositoryName, isTag } from "../oci/reference.ts";

/** Where a registry is spoken to. */
export interface Endpoint {
  /** `host[:port]` as people write it; credentials are looked up by it. */
  readonly registry: string;
  /** Scheme, host and port, with the path `/`. */
  readonly base: URL;
}

/** Docker Hub's names, and the host that answers for all of them. */
const HUB_NAMES = ["docker.io", "index.docker.io", "registry-1.docker.io"];
const HUB_HOST = "registry-1.docker.io";

/** HTTPS, but HTTP where `insecure` asks for it, and for loopback hosts unless that is false. Throws REFERENCE_INVALID. */
export function endpointOf(registry: string, insecure?: boolean): Endpoint {
  const host = HUB_NAMES.includes(registry) ? HUB_HOST : registry;
  const base = parseUrl(`https://${host}/`);
  if (!base || base.href !== `${base.origin}/`) {
    throw new SealiftError("REFERENCE_INVALID", `Cannot use registry "${registry}": it is not a host`);
  }
  const plain = insecure ?? isLoopback(base.hostname);
  return { registry, base: plain ? new URL(`http://${host}/`) : base };
}

/** distribution-spec "Endpoints": `/v2/<name>/<part>/<target>`. Throws REFERENCE_INVALID. */
export function endpointUrl(endpoint: Endpoint, repository: string, ...path: readonly string[]): URL {
  if (!isRepositoryName(repository)) {
    throw new SealiftError("REFERENCE_INVALID", `Cannot use "${repository}": it is not a repository name`);
  }
  return new URL(`/v2/${repository}/${path.join("/")}`, endpoint.base);
}

/** Keeps `../` and the like out of URLs. Throws REFERENCE_INVALID. */
export function checkTarget(target: string): string {
  if (isTag(target) || isDigest(target)) return target;
  throw new SealiftError("REFERENCE_INVALID", `Cannot use "${target}": it is neither a tag nor a digest`);
}

/**
 * The URL that an answer from `from` sends us on to (Location, Link). A registry
 * behind a TLS proxy often names itself by http: that stays https. Throws
 * REGISTRY_ERROR where following would leave TLS, or would let a remote
 * registry reach into this machine or its cloud's metadata service.
 */
export function followUrl(from: URL, location: string): URL {
  const to = parseUrl(location, from);
  if (!to || (to.protocol !== "https:" && to.protocol !== "http:")) {
    throw refused(from, location, "it is not an HTTP address");
  }
  to.username = to.password = to.hash = "";
  if (to.protocol !== from.protocol && to.host === from.host) to.protocol = from.protocol;
  if (from.protocol === "https:" && to.protocol === "http:") {
    throw refused(from, to.href, "it would leave TLS");
  }
  if (isLocal(to.hostname) && !isLocal(from.hostname)) {
    throw refused(from, to.href, "a remote registry may not send us to a local address");
  }
  return to;
}

/** localhost, 127.0.0.0/8 and [::1], as a URL spells them. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

/** Loopback in any spelling, "this host", and link-local addresses. */
function isLocal(hostname: string): boolean {
  return (
    isLoopback(hostname) ||
    /(^|\.)localhost\.?$/.test(hostname) ||
    /^(0\.|169\.254\.)/.test(hostname) ||
    /^\[(::|fe[89ab][0-9a-f]:.*|::ffff:(7f[0-9a-f]{2}|a9fe|0):[0-9a-f]+)\]$/.test(hostname)
  );
}

/** A URL for people: without user, password and the query's values, which carry signatures and state. */
export function redactUrl(url: URL | string): string {
  const parsed = typeof url === "string" ? parseUrl(url) : url;
  if (!parsed) return "(not a URL)";
  // Neither of the web nor of anything with a host: `file:`, `javascript:`.
  if (parsed.origin === "null") return `${parsed.protocol}…`;
  const names = [...parsed.searchParams.keys()].map((name) => `${encodeURIComponent(name)}=…`);
  return `${parsed.origin}${parsed.pathname}${names.length > 0 ? `?${names.join("&")}` : ""}`;
}

function parseUrl(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

function refused(from: URL, to: string, reason: string): SealiftError {
  return new SealiftError("REGISTRY_ERROR", `Cannot follow ${from.host} to ${redactUrl(to)}: ${reason}`);
}
