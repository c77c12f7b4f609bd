import { blobSlices } from "../../src/bytes/slices.ts";
import type { Spool, SpoolSlot } from "../../src/bytes/spool.ts";
import { concat } from "../../src/bytes/stream.ts";
import { SealiftError } from "../../src/error.ts";

/** A slot whose content can be handed to the user. */
export interface BlobSlot extends SpoolSlot {
  /** After `close`, until `dispose`. */
  blob(): Blob;
}

/** A spool that ends as a Blob: on the disk where the browser has private files, else as it sees fit. */
export interface BlobSpool extends Spool {
  create(): Promise<BlobSlot>;
}

/**
 * The browser's spool: the origin private file system. A page from `file://`
 * or a private window has none; there, Blobs are made piece by piece, which
 * Chromium keeps on its disk and Firefox in memory.
 */
export async function browserSpool(): Promise<BlobSpool> {
  const folder = await privateFolder().catch(() => undefined);
  return folder ? { create: () => fileSlot(folder) } : { create: async () => memorySlot() };
}

const ROOT = "sealift-spool";

/** A folder of this worker's own. What a worker that is gone left behind is removed: its lock is free. */
async function privateFolder(): Promise<FileSystemDirectoryHandle> {
  const storage = await navigator.storage.getDirectory();
  const root = await storage.getDirectoryHandle(ROOT, { create: true });
  const name = crypto.randomUUID();
  await new Promise<void>((resolve, reject) => {
    navigator.locks
      .request(`${ROOT}/${name}`, () => {
        resolve();
        return new Promise(() => {});
      })
      .catch(reject);
  });
  const folder = await root.getDirectoryHandle(name, { create: true });
  await removeLeftovers(root, name).catch(() => {});
  return folder;
}

async function removeLeftovers(root: FileSystemDirectoryHandle, own: string): Promise<void> {
  for await (const name of root.keys()) {
    if (name === own) continue;
    await navigator.locks.request(`${ROOT}/${name}`, { ifAvailable: true }, async (lock) => {
      if (lock) await root.removeEntry(name, { recursive: true });
    });
  }
}

/** Bytes of one write: each asks the browser's process for room, and in a private window hands it its bytes. */
const WRITE_SIZE = 1024 * 1024;

async function fileSlot(folder: FileSystemDirectoryHandle): Promise<BlobSlot> {
  const name = crypto.randomUUID();
  const handle = await folder.getFileHandle(name, { create: true });
  const access = await handle.createSyncAccessHandle();
  let at = 0;
  let open = true;
  let file: File | undefined;
  let waiting: Uint8Array | undefined;
  let filled = 0;
  const end = () => {
    if (open) access.close();
    open = false;
    waiting = undefined;
  };
  const flush = () => {
    const bytes = waiting?.subarray(0, filled) ?? new Uint8Array();
    if (writeAt(access, bytes, at) < filled) throw full();
    at += filled;
    filled = 0;
  };
  return {
    async write(chunk) {
      waiting ??= new Uint8Array(WRITE_SIZE);
      for (let taken = 0; taken < chunk.length; ) {
        const part = chunk.subarray(taken, taken + WRITE_SIZE - filled);
        waiting.set(part, filled);
        filled += part.length;
        taken += part.length;
        if (filled === WRITE_SIZE) flush();
      }
    },
    async close() {
      flush();
      access.flush();
      end();
      file = await handle.getFile();
    },
    readable: () => file?.size ?? 0,
    open: (start, stop) => blobSlices(file as File).slice(start, stop),
    blob: () => file as File,
    async dispose() {
      end();
      await folder.removeEntry(name).catch(() => {});
    },
  };
}

function writeAt(access: FileSystemSyncAccessHandle, chunk: Uint8Array, at: number): number {
  try {
    return access.write(chunk as Uint8Array<ArrayBuffer>, { at });
  } catch (cause) {
    throw full(cause);
  }
}

function full(cause?: unknown): SealiftError {
  return new SealiftError("NO_SPACE", "Cannot keep unpacked content: the browser gives no more space", {
    cause,
    hint: "Free some disk space, or use the command.",
  });
}

/** Pieces this large are few, and small enough to hold one of. */
const PIECE = 8 * 1024 * 1024;

function memorySlot(): BlobSlot {
  let blobs: Blob[] = [];
  let chunks: Uint8Array[] = [];
  let waiting = 0;
  let whole: Blob | undefined;
  const flush = () => {
    if (waiting > 0) blobs.push(new Blob([concat(chunks, waiting) as Uint8Array<ArrayBuffer>]));
    chunks = [];
    waiting = 0;
  };
  return {
    async write(chunk) {
      chunks.push(chunk.slice());
      waiting += chunk.length;
      if (waiting >= PIECE) flush();
    },
    async close() {
      flush();
      whole = new Blob(blobs);
      blobs = [];
    },
    readable: () => whole?.size ?? 0,
    open: (start, end) => blobSlices(whole as Blob).slice(start, end),
    blob: () => whole as Blob,
    async dispose() {
      whole = undefined;
      blobs = [];
      chunks = [];
    },
  };
}
