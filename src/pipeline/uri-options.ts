import { SealiftError } from "../error.ts";
import type { Platform } from "../oci/descriptor.ts";
import { DEFAULT_PLATFORM } from "../oci/platform.ts";
import type { RepositoryOptions } from "../registry/repository.ts";
import type { Selection } from "../source/select-image.ts";
import type { RunOptions } from "./schemes.ts";
import { allowOptions, booleanOption, numberOption, type Uri } from "./uri.ts";

/** Which platform's image: options of every source. */
const PLATFORM_OPTIONS = ["os", "arch", "architecture", "variant"] as const;

/** How a registry is spoken to: options of everything at one. */
export const REGISTRY_OPTIONS = ["insecure", "username", "password", "max_workers"] as const;

/**
 * Refuses options that are none of a source's, which are those that choose a
 * platform and `known`. Throws URI_INVALID, and USAGE where all platforms are wanted.
 */
export function allowSourceOptions(uri: Uri, { allPlatforms }: RunOptions, ...known: string[]): void {
  allowOptions(uri, ...PLATFORM_OPTIONS, ...known);
  const asked = platformOptionOf(uri);
  if (allPlatforms && asked !== undefined) {
    throw new SealiftError("USAGE", `Cannot use ?${asked}= with --all-platforms: it is one or all`, {
      hint: "Leave out one of the two.",
    });
  }
}

/** The first of a source's options that asks for one platform. */
export function platformOptionOf({ options }: Uri): string | undefined {
  return PLATFORM_OPTIONS.find((name) => options.has(name));
}

/** The run's options with as many jobs as the first URI asks for that does. Throws URI_INVALID. */
export function withJobs(options: RunOptions, ...uris: readonly Uri[]): RunOptions {
  const [jobs] = uris.map((uri) => numberOption(uri.options, "max_workers")).filter((given) => given);
  return jobs === undefined ? options : { ...options, jobs };
}

/** Which image of those at the place. */
export function selectionOf(uri: Uri, options: RunOptions): Selection {
  const { allPlatforms, referrers } = options;
  return {
    platform: platformOf(uri, options),
    allPlatforms,
    referrers,
    ...(uri.fragment && { ref: uri.fragment }),
  };
}

/** What was asked for, by the URI or for the run; undefined where nothing was. */
function platformOf(uri: Uri, { platform }: RunOptions): Platform | undefined {
  if (platformOptionOf(uri) === undefined) return platform;
  const { options: given } = uri;
  const base = platform ?? DEFAULT_PLATFORM;
  const os = given.get("os") ?? base.os;
  const architecture = given.get("arch") ?? given.get("architecture") ?? base.architecture;
  // Another architecture's variant means nothing for this one.
  const inherited = architecture === base.architecture ? base.variant : undefined;
  const variant = given.get("variant") ?? inherited;
  return { os, architecture, ...(variant && { variant }) };
}

/** How a registry is spoken to. */
export function registryOptions(uri: Uri, options: RunOptions): RepositoryOptions {
  const username = uri.username ?? uri.options.get("username");
  const password = uri.password ?? uri.options.get("password");
  numberOption(uri.options, "max_workers");
  if (username === undefined && password !== undefined) {
    throw new SealiftError("URI_INVALID", "Cannot use option password: there is no username");
  }
  return {
    insecure: insecureOption(uri, options),
    ...(username !== undefined && { credential: { username, password: password ?? "", origin: "the URI" } }),
  };
}

/** The URI's, which may also ask for TLS on this machine; undefined where nothing asks. */
export function insecureOption({ options: given }: Uri, { insecure }: RunOptions): boolean | undefined {
  return given.has("insecure") ? booleanOption(given, "insecure") : insecure || undefined;
}
