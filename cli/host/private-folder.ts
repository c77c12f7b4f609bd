import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { ownPrefix, sweepAbandoned } from "./abandoned.ts";
import { filingTemporary } from "./file-error.ts";
import { forget, removeAtExit } from "./leftovers.ts";

/** A temporary folder that only this user may open: what is in flight may be secret. */
export interface PrivateFolder {
  readonly path: string;
  /** Removes it with all that is in it. */
  remove(): Promise<void>;
}

/** Makes one below `parent`; it goes with the process if it was not removed before. Throws NO_SPACE, IO. */
export async function privateFolder(parent: string): Promise<PrivateFolder> {
  await sweepAbandoned(parent);
  // mkdtemp gives it mode 0700.
  const path = await filingTemporary("make a temporary folder in", parent, () =>
    mkdtemp(join(parent, ownPrefix())),
  );
  removeAtExit(path);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true });
      forget(path);
    },
  };
}
