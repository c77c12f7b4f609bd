import { SealiftError } from "../error.ts";
import { safePath } from "../tar/safety.ts";
import type { BundleConfig } from "./config.ts";
import type { ArtifactDefinition } from "./definition.ts";

/** An artifact's target as a path below the extraction folder; "" is the folder itself. Throws UNSAFE_PATH. */
export function targetFolder(target: string): string {
  const path = target.replace(/^(\.\/)+/, "").replace(/\/+$/, "");
  return path === "" || path === "." ? "" : safePath(path);
}

/**
 * Where a local file goes. A folder's file goes below the target; a single
 * file (relative path "") goes to the target itself, or into it if it ends in
 * a slash.
 */
export function targetPath({ target, origin }: ArtifactDefinition, relative: string): string {
  const folder = targetFolder(target);
  const isFolder = folder === "" || target.endsWith("/");
  if (relative === "" && !isFolder) return folder;
  const name = relative === "" ? baseName(origin) : relative;
  return safePath(folder === "" ? name : `${folder}/${name}`);
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.replace(/\/+$/, "").split("/").pop() as string;
}

/** Two things extracted to one place would depend on their order. Throws DEFINITION_INVALID. */
export function requireDistinctTargets(config: BundleConfig): void {
  const owners = new Map<string, string>();
  const claim = (path: string, owner: string) => {
    const other = owners.get(path);
    if (other)
      throw new SealiftError(
        "DEFINITION_INVALID",
        `Cannot build the bundle: ${other} and ${owner} both go to ${path}`,
      );
    owners.set(path, owner);
  };
  for (const artifact of config.artifacts) {
    if (artifact.type === "files") for (const { path } of artifact.files) claim(path, artifact.name);
    else if (artifact.type === "image") claim(targetFolder(artifact.target), artifact.name);
  }
  if (config.entrypoint) claim(config.entrypoint.path, "the entrypoint");
}
