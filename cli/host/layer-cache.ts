import { stat } from "node:fs/promises";
import type { LogEvent } from "../../src/host.ts";
import { isSystemError } from "./file-error.ts";
import { layerCacheFile } from "./layer-cache-file.ts";
import { layerCacheFolder } from "./layer-cache-folder.ts";
import type { StoredLayerCache } from "./stored-layer-cache.ts";

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
