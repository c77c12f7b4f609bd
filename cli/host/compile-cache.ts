import module from "node:module";
import { cacheFolder } from "./cache-folder.ts";

/**
 * Has Node keep what it compiles of the command beside the user's other caches:
 * of a small copy's 115 ms it is 15. Not in the system's place for temporary
 * files, where others could lay code for us. Node 20 cannot.
 */
export function keepCompiled(env: NodeJS.ProcessEnv): void {
  module.enableCompileCache?.(cacheFolder(env, "compiled"));
}
