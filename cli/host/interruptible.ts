/** The disk of a user who may want to stop: reading fails once the signal aborts, and with it the work that reads. */
import type { Slices } from "../../src/bytes/slices.ts";
import type { SpoolSlot } from "../../src/bytes/spool.ts";
import { type ByteStream, chunksOf, streamFrom } from "../../src/bytes/stream.ts";
import type { NodeFileSystem } from "./file-system.ts";
import type { FileSpool } from "./spool.ts";

/** The file system, whose streams fail with the signal's reason from the next chunk on. */
export function interruptibleFiles(files: NodeFileSystem, signal: AbortSignal): NodeFileSystem {
  return {
    ...files,
    open: async (path) => interruptibleSlices(await files.open(path), signal),
    async stream(path) {
      // A pipe may give no next chunk for ever.
      if (path === "-") signal.addEventListener("abort", () => process.stdin.destroy());
      return interruptible(await files.stream(path, signal), signal);
    },
    createFile: (path, mode) => files.createFile(path, mode, signal),
    async folder(path, enters) {
      const folder = await files.folder(path, enters);
      return {
        names: () => folder.names(),
        get(name) {
          const found = folder.get(name);
          return found && interruptibleSlices(found, signal);
        },
      };
    },
    tree: async (path) =>
      (await files.tree(path)).map((entry) => ({
        ...entry,
        open: () => interruptible(entry.open(), signal),
      })),
  };
}

/** The spool, whose streams fail with the signal's reason from the next chunk on. */
export function interruptibleSpool(spool: FileSpool, signal: AbortSignal): FileSpool {
  return {
    async create(): Promise<SpoolSlot> {
      const slot = await spool.create();
      return { ...slot, open: (start, end) => interruptible(slot.open(start, end), signal) };
    },
    dispose: () => spool.dispose(),
  };
}

function interruptibleSlices(slices: Slices, signal: AbortSignal): Slices {
  return { size: slices.size, slice: (start, end) => interruptible(slices.slice(start, end), signal) };
}

function interruptible(stream: ByteStream, signal: AbortSignal): ByteStream {
  async function* chunks() {
    for await (const chunk of chunksOf(stream)) {
      signal.throwIfAborted();
      yield chunk;
    }
  }
  return streamFrom(chunks(), (reason) => stream.cancel(reason));
}
