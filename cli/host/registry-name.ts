const HUB_NAMES = ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

/** The key docker's own tools keep Docker Hub's login under. */
export const HUB_KEY = "https://index.docker.io/v1/";

/** One spelling for a registry's host, so that a login is found under each of them. */
export function canonicalRegistry(registry: string): string {
  const host = registry.trim().toLowerCase();
  return HUB_NAMES.includes(host) ? "docker.io" : host;
}

/**
 * The registry a key of an auth file is for: `host`, `https://host`,
 * `https://host/v1/`. Undefined for podman's `host/namespace`, which is for a
 * part of a registry only.
 */
export function registryOfKey(key: string): string | undefined {
  const [, host, path] = /^(?:https?:\/\/)?([^/]+)(.*)$/.exec(key) ?? [];
  if (host === undefined || !/^(\/(v[12]\/?)?)?$/.test(path ?? "")) return undefined;
  return canonicalRegistry(host);
}
