import type { FilesWriter } from "../bytes/files.ts";
import type { Host } from "../host.ts";
import { finishRootFs, restOf } from "../image/unpack.ts";
import { unpackOverlay } from "../image/unpack-overlay.ts";
import { digestHex } from "../oci/digest.ts";
import { type Expand, type FolderTarget, folderSink } from "./folder-sink.ts";
import { newRootFs } from "./root-fs.ts";
import type { Sink } from "./sink.ts";

/** An overlay of folders, all relative to the folder they are in. */
export interface Overlay {
  /** Highest first. */
  readonly lower: readonly string[];
  readonly upper: string;
  readonly work: string;
  readonly mountPoint: string;
}

/** Mounts an overlay in the folder the sink has written. */
export type Mount = (overlay: Overlay) => Promise<void>;

const UPPER = "delta";
const WORK = "working";
const MOUNT_POINT = "rootfs";

/**
 * A folder of images in which each layer is also unpacked into `LAYER/layer`,
 * and an overlay of them is mounted at `rootfs`: changes go to `delta`.
 */
export function mountsSink(
  writer: FilesWriter,
  target: Omit<FolderTarget, "expand">,
  mount: Mount,
  host: Host,
): Sink {
  const sink = folderSink(writer, { ...target, expand: unpackForOverlay }, host);
  let count = 0;
  return {
    async put(content) {
      const result = await sink.put(content);
      count = result.layers.length;
      return result;
    },
    async commit() {
      await sink.commit();
      // What has no layers still needs something below.
      const lower = Array.from({ length: Math.max(count, 1) }, (_, index) => linkOf(index)).reverse();
      await mount({ lower, upper: UPPER, work: WORK, mountPoint: MOUNT_POINT });
    },
    abort: () => sink.abort(),
  };
}

/** All of a mount's options must fit one page of memory: a link's name is a tenth of a digest's. */
function linkOf(index: number): string {
  return `l/${index}`;
}

const unpackForOverlay: Expand = async (image, writer, _, host) => {
  const folders: string[] = [];
  for (const layer of image.layers) folders.push(`${unused(digestHex(await layer.diffId()), folders)}/layer`);
  const { tree } = await unpackOverlay(
    image.layers,
    (index) => newRootFs(writer, folders[index] as string),
    host,
  );
  if (folders.length === 0) await writer.folder?.("l/0");
  for (const [index, folder] of folders.entries()) await writer.symlink?.(linkOf(index), `../${folder}`);
  for (const folder of [MOUNT_POINT, WORK]) await writer.folder?.(folder);
  // The mounted root has the attributes of the uppermost.
  await finishRootFs(await newRootFs(writer, UPPER), restOf(tree.root, []), host);
  return {};
};

/** A layer that comes twice is unpacked twice: what it is depends on what lies below. */
function unused(name: string, folders: readonly string[]): string {
  let candidate = name;
  for (let count = 2; folders.includes(`${candidate}/layer`); count++) candidate = `${name}-${count}`;
  return candidate;
}
