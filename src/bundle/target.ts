import { SealiftError } from "../error.ts";
import { safePath } from "../tar/safety.ts";
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

/** Where an image goes: one archive, or an OCI layout's folder. */
export function imagePaths(target: string): readonly string[] {
  const path = targetFolder(target);
  if (path.endsWith(".tar")) return [path];
  return ["oci-layout", "index.json", "blobs"].map((name) => (path === "" ? name : `${path}/${name}`));
}

/** What will be extracted, by whom. */
export interface Claim {
  readonly owner: string;
  readonly paths: readonly string[];
}

/**
 * Two things extracted to one place would depend on their order, and one below
 * a file of another's has no place at all. Throws DEFINITION_INVALID.
 */
export function requireDistinctTargets(claims: readonly Claim[]): void {
  const owners = new Map<string, string>();
  for (const { owner, paths } of claims) {
    for (const path of paths) {
      if (owners.has(path)) throw collision(owners.get(path) as string, owner, path);
      owners.set(path, owner);
    }
  }
  for (const [path, owner] of owners) {
    for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
      const above = owners.get(path.slice(0, slash));
      if (above !== undefined) throw collision(above, owner, path.slice(0, slash));
    }
  }
}

function collision(first: string, second: string, path: string): SealiftError {
  return new SealiftError(
    "DEFINITION_INVALID",
    `Cannot build the bundle: ${first} and ${second} both go to ${path}`,
  );
}
