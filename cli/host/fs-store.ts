import { access, constants } from "node:fs/promises";
import { SealiftError } from "../../src/error.ts";
import type { Kernels } from "../../src/kernel/kernels.ts";
import type { Store } from "../../src/store/store.ts";
import { fsBlobs } from "./fs-store-blobs.ts";
import { fileBytes, ifExists, makeFolder, storeError, writeDurably } from "./fs-store-files.ts";
import { storeLayout } from "./fs-store-layout.ts";
import { fsManifests } from "./fs-store-manifests.ts";
import { fsTags } from "./fs-store-tags.ts";
import { fsUploads, sweepUploads } from "./fs-store-uploads.ts";

const VERSION = "1\n";
const DAY = 24 * 60 * 60 * 1000;

export interface FsStoreOptions {
  /** Milliseconds after which an upload nobody adds to is removed; a day without it. */
  readonly uploadLifetime?: number;
}

/**
 * A registry's store in a folder of a local, case-sensitive file system, made if
 * missing (fs-store-layout.ts says what lies where). Several processes may use
 * it at once. Throws IO, NO_SPACE, UNSUPPORTED for a store of another version.
 */
export async function fsStore(
  directory: string,
  kernels: Kernels,
  { uploadLifetime = DAY }: FsStoreOptions = {},
): Promise<Store> {
  const layout = storeLayout(directory);
  try {
    await makeFolder(layout.temporary);
    const version = await fileBytes(layout.version);
    if (!version) await writeDurably(layout.temporary, layout.version, new TextEncoder().encode(VERSION));
    else if (new TextDecoder().decode(version) !== VERSION) {
      throw new SealiftError(
        "UNSUPPORTED",
        `Cannot open store ${directory}: another version of sealift made it`,
      );
    }
    // Told now, not to the first who pushes.
    for (const folder of layout.roots) await ifExists(access(folder, constants.W_OK | constants.X_OK));
    await sweepUploads(layout, uploadLifetime);
  } catch (error) {
    throw storeError(`open store ${directory}`, error);
  }
  return {
    blobs: fsBlobs(layout),
    manifests: fsManifests(layout),
    tags: fsTags(layout),
    uploads: fsUploads(layout, kernels, uploadLifetime),
  };
}
