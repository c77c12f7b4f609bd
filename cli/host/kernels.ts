import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SealiftError } from "../../src/error.ts";
import type { Kernels } from "../../src/kernel/kernels.ts";
import type { ZstdModules } from "../../src/kernel/wasm/zstd.ts";
import { wasmKernels } from "../../src/kernel/wasm.ts";

/** Where the modules lie, seen from here: beside the bundled command, above a library chunk, or when run from source. */
const FOLDERS = ["./", "../", "../../dist/"];

/** The WebAssembly kernels, as {@link loadModule} finds them. Throws as it does. */
export async function loadKernels(from: string = import.meta.url): Promise<Kernels> {
  return wasmKernels(await loadModule(from), zstdLoader(from));
}

/** Loads the zstd modules when they are first needed, from where {@link loadModule} finds the kernels. */
export function zstdLoader(from: string = import.meta.url): ZstdModules {
  return {
    decoder: () => loadZstd("zstd-decoder.wasm", from),
    encoder: () => loadZstd("zstd-encoder.wasm", from),
  };
}

/**
 * Loads and compiles the WebAssembly kernels, found from the module at `from`;
 * the build without vectors where the processor or the engine has none.
 * Throws NOT_FOUND if they were not built, IO if they cannot be read, UNSUPPORTED where there is no WebAssembly.
 */
export async function loadModule(from: string = import.meta.url): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === "undefined") {
    throw new SealiftError("UNSUPPORTED", "Cannot load the kernels: this Node runs without WebAssembly", {
      hint: "--jitless takes it away; look at NODE_OPTIONS.",
    });
  }
  const module = load("kernels.wasm", from) ?? load("kernels-scalar.wasm", from);
  if (module) return module;
  throw new SealiftError("IO", "Cannot load the kernels: kernels.wasm is damaged", {
    hint: "Run `npm run build` again.",
  });
}

async function loadZstd(name: string, from: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(read(name, from));
}

/**
 * Undefined where this engine does not take the module: it is damaged, or has
 * instructions unknown here. Engines compile functions when they are first
 * called, so that this takes a millisecond: on other threads it took three.
 */
function load(name: string, from: string): WebAssembly.Module | undefined {
  try {
    return new WebAssembly.Module(read(name, from));
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}

function read(name: string, from: string): Uint8Array<ArrayBuffer> {
  for (const folder of FOLDERS) {
    try {
      return readFileSync(fileURLToPath(new URL(folder + name, from)));
    } catch (error) {
      if (isMissing(error)) continue;
      throw new SealiftError("IO", `Cannot load the kernels: ${(error as Error).message}`, { cause: error });
    }
  }
  throw new SealiftError("NOT_FOUND", `Cannot load the kernels: ${name} is missing`, {
    hint: "Run `npm run build` first.",
  });
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}
