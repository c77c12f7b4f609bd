import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { SealiftError } from "../../src/error.ts";
import type { Overlay } from "../../src/sink/mounts-sink.ts";
import { filing, isSystemError } from "./file-error.ts";
import { runProgram } from "./program.ts";

/**
 * Throws UNSUPPORTED where this user cannot mount, ALREADY_EXISTS where the
 * folder's overlay is mounted or holds changes that would be lost.
 */
export async function refuseUnmountable(path: string): Promise<void> {
  if (process.geteuid?.() !== 0) {
    throw new SealiftError("UNSUPPORTED", `Cannot mount in ${path}: only root can mount an overlay`, {
      hint: "Run it as root, or use dir://FOLDER?expand=true, which needs no mount.",
    });
  }
  if (await isMountPoint(join(path, "rootfs"))) {
    throw new SealiftError("ALREADY_EXISTS", `Cannot mount in ${path}: its rootfs is mounted`, {
      hint: `Run umount ${join(path, "rootfs")} first.`,
    });
  }
  if ((await namesIn(join(path, "delta"))).length > 0) {
    throw new SealiftError("ALREADY_EXISTS", `Cannot mount in ${path}: its delta holds changes`, {
      hint: "Keep them elsewhere, or remove them.",
    });
  }
}

/** Mounts the overlay in the folder. Throws UNSUPPORTED with the system's own words where it cannot. */
export async function mountOverlay(path: string, { lower, upper, work, mountPoint }: Overlay): Promise<void> {
  const options = `lowerdir=${lower.join(":")},upperdir=${upper},workdir=${work}`;
  const args = ["-t", "overlay", "overlay", "-o", options, mountPoint];
  const { code, stderr } = await runProgram("mount", args, { cwd: path });
  if (code === 0) return;
  const reason = code === undefined ? "there is no program mount" : stderr.replace(/\s+/g, " ");
  throw new SealiftError("UNSUPPORTED", `Cannot mount ${join(path, mountPoint)}: ${reason}`, {
    hint: "The layers are unpacked and can be mounted elsewhere; this file system may be an overlay itself.",
  });
}

/** What is mounted is another device than the folder above it. */
async function isMountPoint(path: string): Promise<boolean> {
  try {
    return (await stat(path)).dev !== (await stat(join(path, ".."))).dev;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  return filing("read folder", path, async () => {
    try {
      return await readdir(path);
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return [];
      throw error;
    }
  });
}
