import { homedir } from "node:os";
import { join } from "node:path";

/** Where one of our caches lies: `$XDG_CACHE_HOME/sealift/NAME`. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const cache = env.XDG_CACHE_HOME?.startsWith("/") ? env.XDG_CACHE_HOME : join(homedir(), ".cache");
  return join(cache, "sealift", name);
}
