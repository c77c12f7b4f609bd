import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { SealiftError } from "../../src/error.ts";
import type { Kernels } from "../../src/kernel/kernels.ts";
import { wasmKernels } from "../../src/kernel/wasm.ts";

/** Where kernels.wasm lies, seen from here: beside the bundled command, above a library chunk, or when run from source. */
const PLACES = ["./kernels.wasm", "../kernels.wasm", "../../dist/kernels.wasm"];

/**
 * Loads and compiles the WebAssembly kernels, found from the module at `from`.
 * Throws NOT_FOUND if they were not built, IO if they cannot be read.
 */
export async function loadKernels(from: string = import.meta.url): Promise<Kernels> {
  return wasmKernels(await compile(await readModule(from)));
}

async function readModule(from: string): Promise<Uint8Array<ArrayBuffer>> {
  for (const place of PLACES) {
    try {
      return await readFile(fileURLToPath(new URL(place, from)));
    } catch (error) {
      if (isMissing(error)) continue;
      throw new SealiftError("IO", `Cannot load the kernels: ${(error as Error).message}`, { cause: error });
    }
  }
  throw new SealiftError("NOT_FOUND", "Cannot load the kernels: kernels.wasm is missing", {
    hint: "Run `npm run build` first.",
  });
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

async function compile(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new SealiftError("IO", "Cannot load the kernels: kernels.wasm is damaged", {
      cause: error,
      hint: "Run `npm run build` again.",
    });
  }
}
