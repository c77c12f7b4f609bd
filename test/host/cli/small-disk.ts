import { spawnSync } from "node:child_process";

/** Mounts a disk of one megabyte in memory over a folder; whether this user may do that. */
export function mountSmallDisk(folder: string): boolean {
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "sealift-test", folder]).status === 0;
}

export function unmount(folder: string): void {
  spawnSync("umount", [folder]);
}
