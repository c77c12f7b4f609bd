import { SealiftError } from "../../src/error.ts";
import type { Kernels } from "../../src/kernel/kernels.ts";
import { wasmKernels } from "../../src/kernel/wasm.ts";

/** Brings one module's bytes. */
type Bring = () => Promise<BufferSource>;

/** Where the modules come from: the page's server, or the page itself. */
export interface KernelFiles {
  /** The builds, best first; the next is asked for where the browser refuses one: a module with unknown instructions is refused whole. */
  readonly kernels: readonly Bring[];
  /** Asked for when a layer is zstd. */
  readonly zstdDecoder: Bring;
}

/** Compiles the kernels. Throws UNREACHABLE, UNSUPPORTED where WebAssembly is switched off. */
export async function browserKernels(files: KernelFiles): Promise<Kernels> {
  const decoder = async () => compile(await files.zstdDecoder());
  for (const bring of files.kernels) {
    const bytes = await bring();
    if (isAccepted(bytes)) return wasmKernels(await compile(bytes), { decoder });
  }
  throw unsupported();
}

/** Asks the page's server for a module. Throws UNREACHABLE. */
export async function fetchModule(url: string): Promise<ArrayBuffer> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new SealiftError("UNREACHABLE", "Cannot load the kernels: the page's own server does not answer", {
      cause,
      hint: "Reload the page.",
    });
  });
  if (!response.ok)
    throw new SealiftError("UNREACHABLE", `Cannot load the kernels: status ${response.status}`);
  return response.arrayBuffer();
}

const isAccepted = (bytes: BufferSource) => typeof WebAssembly === "object" && WebAssembly.validate(bytes);

async function compile(bytes: BufferSource): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw unsupported(cause);
  }
}

function unsupported(cause?: unknown): SealiftError {
  return new SealiftError("UNSUPPORTED", "Cannot load the kernels: this browser runs no WebAssembly", {
    cause,
    hint: "Some browsers switch it off in a locked-down mode; allow it for this page, or use the command.",
  });
}
