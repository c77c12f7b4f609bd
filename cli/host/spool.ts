import { type FileHandle, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Spool, SpoolSlot } from "../../src/bytes/spool.ts";
import { BatchedWrites } from "./batched-writes.ts";
import { filingTemporary } from "./file-error.ts";
import { fileSlices } from "./file-slices.ts";
import { type PrivateFolder, privateFolder } from "./private-folder.ts";

/** A spool on disk; `dispose` removes its folder with all that is left in it. */
export interface FileSpool extends Spool {
  dispose(): Promise<void>;
}

/**
 * A spool of temporary files, in a folder of its own below `parent` that only
 * this user may open, made when first needed. Throws NO_SPACE, IO.
 */
export function fileSpool(parent: string = tmpdir()): FileSpool {
  let making: Promise<PrivateFolder> | undefined;
  let count = 0;
  const open = new Set<FileHandle>();
  return {
    async create() {
      making ??= privateFolder(parent);
      return openSlot(join((await making).path, `${++count}`), open);
    },
    async dispose() {
      const folder = await making?.catch(() => undefined);
      making = undefined;
      await Promise.all([...open].map((handle) => handle.close()));
      open.clear();
      await folder?.remove();
    },
  };
}

async function openSlot(path: string, handles: Set<FileHandle>): Promise<SpoolSlot> {
  const handle = await filingTemporary("make temporary file", path, () => open(path, "wx", 0o600));
  handles.add(handle);
  const writes = new BatchedWrites(handle);
  const endWriting = async () => {
    if (handles.delete(handle)) await handle.close();
  };
  return {
    write: (chunk) => filingTemporary("write temporary file", path, () => writes.write(chunk)),
    async close() {
      await filingTemporary("write temporary file", path, () => writes.finish());
      await endWriting();
    },
    readable: () => writes.written,
    open: (start = 0, end = writes.size) => fileSlices(path, writes.size).slice(start, end),
    async dispose() {
      await endWriting();
      await filingTemporary("remove temporary file", path, () => rm(path, { force: true }));
    },
  };
}
