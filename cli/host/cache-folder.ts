import { join } from "node:path";
import { homeFolder } from "./home-folder.ts";

/** Where one of our caches lies: `$XDG_CACHE_HOME/sealift/NAME`. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const cache = env.XDG_CACHE_HOME?.startsWith("/") ? env.XDG_CACHE_HOME : join(homeFolder(), ".cache");
  return join(cache, "sealift", name);
}
