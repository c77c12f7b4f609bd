import type { Script } from "node:vm";
import type { CodeCache } from "./code-cache.ts";
import { underFirstFlags } from "./heap.ts";

/** The CommonJS chunks of a folder. */
export interface Chunks {
  /** What a chunk exports; it is run the first time. Throws what it throws. */
  load(name: string): unknown;
  /** Gives the cache the code of all that were loaded, if it had not that of each, or is due. */
  keepCode(): void;
}

interface Module {
  exports: unknown;
}

/** As Node wraps a module. */
const HEAD = "(function (exports, require, module, __filename, __dirname) { ";
const TAIL = "\n})";

/**
 * Loads chunks with the code that V8 had of them in an earlier run. Node's own
 * compile cache keeps a module's code as it is right after loading: what is
 * called later is compiled again in each run.
 */
export function chunksIn(folder: string, cache: CodeCache | undefined): Chunks {
  const { readFileSync } = process.getBuiltinModule("node:fs");
  const { join } = process.getBuiltinModule("node:path");
  const vm = process.getBuiltinModule("node:vm");
  const modules = new Map<string, Module>();
  const scripts = new Map<string, Script>();
  let isComplete = cache !== undefined && !cache.isDue;

  function load(name: string): unknown {
    const loaded = modules.get(name);
    if (loaded) return loaded.exports;
    const module: Module = { exports: {} };
    modules.set(name, module);
    const filename = join(folder, name);
    compile(name, filename).runInThisContext()(module.exports, require, module, filename, folder);
    return module.exports;
  }

  function require(id: string): unknown {
    return id.startsWith("./") ? load(id.slice(2)) : process.getBuiltinModule(id);
  }

  function compile(name: string, filename: string): Script {
    const cachedData = cache?.get(name);
    // The build leaves nothing but ASCII, of which V8 keeps a byte each.
    const source = HEAD + readFileSync(filename, "latin1") + TAIL;
    const script = underFirstFlags(
      () => new vm.Script(source, { filename, ...(cachedData && { cachedData }) }),
    );
    scripts.set(name, script);
    isComplete &&= cachedData !== undefined && !script.cachedDataRejected;
    return script;
  }

  return {
    load,
    keepCode() {
      if (isComplete) return;
      const code = (): [string, Buffer][] =>
        Array.from(scripts, ([name, script]) => [name, script.createCachedData()]);
      cache?.add(new Map(underFirstFlags(code)));
    },
  };
}
