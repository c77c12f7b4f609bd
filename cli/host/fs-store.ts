import { access, constants } from "node:fs/promises";
import { SealiftError } from "../../src/error.ts";
import type { Kernels } from "../../src/kernel/kernels.ts";
import type { Store } from "../../src/store/store.ts";
import { isSystemError } from "./file-error.ts";
import { fsBlobs } from "./fs-store-blobs.ts";
import { fileBytes, ifExists, makeFolder, storeError, writeDurably } from "./fs-store-files.ts";
import { type Layout, storeLayout } from "./fs-store-layout.ts";
import { fsManifests } from "./fs-store-manifests.ts";
import { fsTags } from "./fs-store-tags.ts";
import { fsUploads, sweepUploads } from "./fs-store-uploads.ts";

const VERSION = "1\n";
const DAY = 24 * 60 * 60 * 1000;

export interface FsStoreOptions {
  /** Milliseconds after which an upload nobody adds to is removed; a day without it. */
  readonly uploadLifetime?: number;
  /** Told of a store that can be read alone, which is refused without it. */
  readonly onReadOnly?: (error: SealiftError) => void;
}

/**
 * A registry's store in a folder of a local, case-sensitive file system, made if
 * missing (fs-store-layout.ts says what lies where). Several processes may use
 * it at once. Throws IO, NO_SPACE, UNSUPPORTED for a store of another version.
 */
export async function fsStore(
  directory: string,
  kernels: Kernels,
  { uploadLifetime = DAY, onReadOnly }: FsStoreOptions = {},
): Promise<Store> {
  const layout = storeLayout(directory);
  let readOnly: SealiftError | undefined;
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
    readOnly = await whyReadOnly(layout, directory);
    if (!readOnly) await sweepUploads(layout, uploadLifetime);
    else if (onReadOnly) onReadOnly(readOnly);
    else throw readOnly;
  } catch (error) {
    throw storeError(`open store ${directory}`, error);
  }
  const uploads = fsUploads(layout, kernels, uploadLifetime);
  return {
    blobs: fsBlobs(layout),
    manifests: fsManifests(layout),
    tags: fsTags(layout),
    uploads: readOnly ? { ...uploads, start: refusePush } : uploads,
  };
}

/** Found out before the first who pushes does. */
async function whyReadOnly({ roots }: Layout, directory: string): Promise<SealiftError | undefined> {
  try {
    for (const folder of roots) await ifExists(access(folder, constants.W_OK | constants.X_OK));
    return undefined;
  } catch (error) {
    if (!isSystemError(error, "EACCES", "EROFS", "EPERM")) throw error;
    return storeError(`write to store ${directory}`, error);
  }
}

/** Each push begins with an upload or a question for what it would upload. */
async function refusePush(): Promise<never> {
  throw new SealiftError("DENIED", "Cannot start an upload: this registry's store can only be read");
}
