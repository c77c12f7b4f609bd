import type { Files } from "../bytes/files.ts";
import { SealiftError } from "../error.ts";
import { CATALOG_FILE } from "./catalog.ts";
import { DOCKER_SAVE_MANIFEST, DOCKER_SAVE_REPOSITORIES } from "./docker-save.ts";
import { OCI_INDEX_FILE, OCI_LAYOUT_FILE } from "./oci-layout.ts";

export type LayoutKind = "oci-layout" | "docker-save";

/**
 * Which layout a set of files is. Docker 25 and later save both in one; the
 * OCI one wins, as it keeps the image's digest. Throws LAYOUT_INVALID.
 */
export function sniffLayout(files: Files, what = "archive"): LayoutKind {
  const has = (name: string) => files.get(name) !== undefined;
  if (has(OCI_LAYOUT_FILE) && has(OCI_INDEX_FILE)) return "oci-layout";
  // `repositories` alone is docker-save's oldest form, which its reader refuses with advice.
  if (has(DOCKER_SAVE_MANIFEST) || has(DOCKER_SAVE_REPOSITORIES) || has(CATALOG_FILE)) return "docker-save";
  throw new SealiftError(
    "LAYOUT_INVALID",
    `Cannot read ${what}: it holds neither ${OCI_LAYOUT_FILE} and ${OCI_INDEX_FILE} (an OCI layout) ` +
      `nor ${DOCKER_SAVE_MANIFEST} (docker save)`,
  );
}
