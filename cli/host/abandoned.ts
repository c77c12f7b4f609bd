/**
 * What a process that was killed has left behind. Temporary files and folders
 * are named by the process that made them, so that the next one that writes to
 * the same place knows those of the dead.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isRunning, place } from "./fs-store-lock.ts";
import { nodeCrypto, randomHex } from "./node-crypto.ts";

/** Other machines and containers may write to the same disk, and count their processes alike. */
function here(): string {
  return nodeCrypto().createHash("sha256").update(place()).digest("hex").slice(0, 8);
}

/** What a temporary name of this process begins with; something random follows. */
export function ownPrefix(): string {
  return `sealift-${here()}-${process.pid}-`;
}

const TEMPORARY = /(?:^|\.)sealift-([0-9a-f]{8})-(\d+)-\w{6,12}(?:\.part)?$/;

/** A hidden name for what is not whole yet. */
export function temporaryName(of = ""): string {
  return `.${of && `${of}.`}${ownPrefix()}${randomHex(6)}.part`;
}

/** Held in a folder while what it lists is read, added to and written. */
export const LOCK_FILE = ".sealift.lock";

/** Whether a file or folder is nothing of the user's, and may be gone the next moment. */
export function isTransient(name: string): boolean {
  return name.startsWith(LOCK_FILE) || TEMPORARY.test(name);
}

const swept = new Set<string>();

/** Removes what dead processes of this machine have left in the folder; looks once, and never fails. */
export async function sweepAbandoned(folder: string): Promise<void> {
  if (swept.has(folder)) return;
  swept.add(folder);
  for (const name of await readdir(folder).catch(() => [])) {
    const [, where, pid] = TEMPORARY.exec(name) ?? [];
    if (where === undefined || where !== here() || isRunning(Number(pid))) continue;
    // In a shared folder the name may be a link that somebody else made: no more than the link goes.
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
  }
}
