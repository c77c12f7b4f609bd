import { readFile } from "node:fs/promises";
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
 * Throws NOT_FOUND if they were not built, IO if they cannot be read.
 */
export async function loadModule(from: string = import.meta.url): Promise<WebAssembly.Module> {
  const module = (await load("kernels.wasm", from)) ?? (await load("kernels-scalar.wasm", from));
  if (module) return module;
  throw new SealiftError("IO", "Cannot load the kernels: kernels.wasm is damaged", {
    hint: "Run `npm run build` again.",
  });
}

async function loadZstd(name: string, from: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await read(name, from));
}

/** Undefined where this engine does not take the module: it is damaged, or has instructions unknown here. */
async function load(name: string, from: string): Promise<WebAssembly.Module | undefined> {
  const bytes = await read(name, from);
  return WebAssembly.validate(bytes) ? WebAssembly.compile(bytes) : undefined;
}

async function read(name: string, from: string): Promise<Uint8Array<ArrayBuffer>> {
  for (const folder of FOLDERS) {
    try {
      return await readFile(fileURLToPath(new URL(folder + name, from)));
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
