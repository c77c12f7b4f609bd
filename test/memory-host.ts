/** A host wholly in memory: files, spool, and a registry of ours in place of the network. */
import { createApp } from "../edge/app.ts";
import { memorySpool } from "../src/bytes/spool.ts";
import type { Host, LogEvent } from "../src/host.ts";
import { fallbackKernels } from "../src/kernel/fallback.ts";
import { memoryStore } from "../src/store/memory.ts";
import { type MemoryFileSystem, memoryFileSystem } from "./contract/memory-file-system.ts";

export interface MemoryHost extends Host {
  readonly files: MemoryFileSystem;
  readonly events: LogEvent[];
}

/** Where the registry in memory is. */
export const REGISTRY = "localhost:5000";

export async function memoryHost(
  files: Readonly<Record<string, Uint8Array | string>> = {},
): Promise<MemoryHost> {
  const kernels = await fallbackKernels();
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
  const app = createApp({ store: memoryStore(kernels, random), kernels });
  const events: LogEvent[] = [];
  return {
    kernels,
    spool: memorySpool(64 * 1024 * 1024),
    fetch: async (url, init) => {
      if (new URL(url).host !== REGISTRY) throw new TypeError(`fetch failed: no route to ${url}`);
      return app.fetch(
        new Request(url, { ...init, ...(init?.body ? { duplex: "half" } : {}) } as RequestInit),
      );
    },
    clock: { now: () => 0, sleep: async () => {} },
    random,
    credentials: { find: async () => [] },
    log: (event) => events.push(event),
    files: memoryFileSystem(files),
    events,
  };
}
