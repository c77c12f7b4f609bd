import { mkdirSync } from "node:fs";
import module from "node:module";
import { cacheFolder } from "./cache-folder.ts";

/**
 * Has Node keep what it compiles of the command beside the user's other caches:
 * of a small copy's 115 ms it is 15. Not in the system's place for temporary
 * files, and in a folder of the user's own whatever the umask, as others could
 * lay code for us. Node 20 cannot.
 */
export function keepCompiled(env: NodeJS.ProcessEnv): void {
  if (!module.enableCompileCache) return;
  const folder = cacheFolder(env, "compiled");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // It costs those 15 ms, and is no reason to fail.
    return;
  }
  module.enableCompileCache(folder);
}
