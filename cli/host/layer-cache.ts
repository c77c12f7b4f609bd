import { stat } from "node:fs/promises";
import type { LayerCache, LayerKey, LogEvent, MadeLayer } from "../../src/host.ts";
import { isSystemError } from "./file-error.ts";
import { layerCacheFile } from "./layer-cache-file.ts";
import { layerCacheFolder } from "./layer-cache-folder.ts";

/** One thing remembered, and when it was last of use, in milliseconds since the epoch. */
export interface CachedLayer extends LayerKey, MadeLayer {
  readonly used: number;
}

/** A layer cache on the disk, shared by processes. What cannot be read or written is warned of, and never in the way. */
export interface StoredLayerCache extends LayerCache {
  /** All that is remembered, the latest used first. */
  list(): Promise<readonly CachedLayer[]>;
  /** Forgets what was last used before; gives how many that were. */
  prune(before: number): Promise<number>;
  /** Puts what is not yet on the disk there. */
  close(): Promise<void>;
}

export type Warn = (message: string) => void;

/**
 * The layer cache at a path: a folder with a file for each layer, which many
 * processes can use at once; or one file, as occystrap has it, where there is
 * one or the name ends in `.json`.
 */
export async function openLayerCache(
  path: string,
  log: (event: LogEvent) => void,
): Promise<StoredLayerCache> {
  const warned = new Set<string>();
  const warn = (message: string) => {
    if (!warned.has(message)) log({ type: "warning", message });
    warned.add(message);
  };
  return (await isFile(path)) ? layerCacheFile(path, warn) : layerCacheFolder(path, warn);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    return isSystemError(error, "ENOENT") && path.endsWith(".json");
  }
}
