import { SealiftError } from "../error.ts";
import type { Host } from "../host.ts";
import type { AnyManifest } from "../image/image.ts";
import { catalogName } from "../layout/catalog.ts";
import type { Digest } from "../oci/digest.ts";
import { isTag, parseReference, type Reference } from "../oci/reference.ts";
import { type RegistrySinkOptions, registrySink } from "./registry-sink.ts";
import type { Sink } from "./sink.ts";

/** A place in a registry below which images are put. */
export interface Below {
  readonly registry: string;
  /** The first parts of each repository's name; empty for the registry's root. */
  readonly prefix: string;
}

/** Reads `HOST/` or `HOST/PREFIX/`. Throws REFERENCE_INVALID. */
export function belowReference(path: string): Below {
  const slash = path.indexOf("/");
  const registry = path.slice(0, slash);
  const prefix = path.slice(slash + 1).replace(/\/$/, "");
  const refuse = (reason: string) =>
    new SealiftError("REFERENCE_INVALID", `Cannot put images below "${path}": ${reason}`);
  if (!/[.:]|^localhost$/.test(registry)) throw refuse("it does not name a host");
  // With a repository in its place, it must be a reference whose host is the first part.
  try {
    const parsed = parseReference(`${registry}/${prefix ? `${prefix}/` : ""}a`);
    if (parsed.registry === registry && parsed.tag === undefined) return { registry, prefix };
  } catch {
    // What it says would be of a reference that nobody gave.
  }
  throw refuse("it is not HOST/ or HOST/PREFIX/");
}

/** Puts each image into a repository of its own name below a place; what one has brought, the next mounts. */
export function registryBelowSink(below: Below, host: Host, options: RegistrySinkOptions = {}): Sink {
  const placed = new Map<Digest, string>();
  return {
    namesAtOnce: true,
    put: async (content, check) =>
      registrySink(referenceBelow(below, content), host, { ...options, placed }).put(content, check),
    commit: async () => {},
    abort: async () => {},
  };
}

function referenceBelow({ registry, prefix }: Below, { name, ref }: AnyManifest): Reference {
  const { image, tag } = name ? catalogName(name) : { image: "", tag: ref ?? "latest" };
  const repository = [prefix, image].filter(Boolean).join("/");
  if (repository !== "" && isTag(tag)) return parseReference(`${registry}/${repository}:${tag}`);
  throw new SealiftError(
    "UNSUPPORTED",
    `Cannot put "${name ?? ref ?? "an image"}" below ${registry}/${prefix}: it has no repository's name`,
  );
}
