import { SealiftError } from "../../src/error.ts";
import type { Kernels } from "../../src/kernel/kernels.ts";
import { wasmKernels } from "../../src/kernel/wasm.ts";

/** Fetches and compiles the kernels. Throws UNREACHABLE, UNSUPPORTED. */
export async function fetchKernels(url: string): Promise<Kernels> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new SealiftError("UNREACHABLE", "Cannot load the kernels: the page's own server does not answer", {
      cause,
      hint: "Reload the page.",
    });
  });
  if (!response.ok)
    throw new SealiftError("UNREACHABLE", `Cannot load the kernels: status ${response.status}`);
  return compileKernels(await response.arrayBuffer());
}

/** Compiles the kernels. Throws UNSUPPORTED where WebAssembly is switched off. */
export async function compileKernels(bytes: BufferSource): Promise<Kernels> {
  try {
    return wasmKernels(await WebAssembly.compile(bytes));
  } catch (cause) {
    throw new SealiftError("UNSUPPORTED", "Cannot load the kernels: this browser runs no WebAssembly", {
      cause,
      hint: "Some browsers switch it off in a locked-down mode; allow it for this page, or use the command.",
    });
  }
}
