/** Files in memory, and a FilesWriter that makes them. */
import type { Files, FilesWriter } from "../../../src/bytes/files.ts";
import { bytesSlices } from "../../../src/bytes/slices.ts";
import { readAll } from "../tar/raw.ts";

export function filesOf(entries: Readonly<Record<string, Uint8Array | string>>): Files {
  const files = new Map(
    Object.entries(entries).map(([name, content]) => [
      name,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    ]),
  );
  return {
    names: () => [...files.keys()],
    get(name) {
      const bytes = files.get(name);
      return bytes && bytesSlices(bytes);
    },
  };
}

export interface MemoryFiles {
  readonly writer: FilesWriter;
  readonly log: string[];
  /** Names and contents in the order written; empty before the commit. */
  files(): Readonly<Record<string, Uint8Array>>;
}

export function memoryFiles(): MemoryFiles {
  const pending: Record<string, Uint8Array> = {};
  let visible: Record<string, Uint8Array> = {};
  const log: string[] = [];
  return {
    log,
    files: () => visible,
    writer: {
      async write(name, content) {
        log.push(name);
        pending[name] = await readAll(await content.open());
      },
      async commit() {
        log.push("commit");
        visible = pending;
      },
      async abort() {
        log.push("abort");
      },
    },
  };
}
