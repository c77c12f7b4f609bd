import { open } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes the rename itself outlive a power cut, where the system lets a folder be synced. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/** Syncs the folder and, where those above it are new from `made` down, each that holds the name of one of these. */
export async function syncFolders(folder: string, made?: string): Promise<void> {
  const last = made === undefined ? folder : dirname(made);
  for (let at = folder; ; at = dirname(at)) {
    await syncFolder(at);
    if (at === last || at === dirname(at)) return;
  }
}
