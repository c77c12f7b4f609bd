import { withoutZstd } from "../failure.ts";
import { ZSTD_MAX_WINDOW, type ZstdKernel } from "../kernels.ts";
import { zstdDecoder } from "./zstd-decoder.ts";
import { wasmZstdEncoder } from "./zstd-encoder.ts";
import { ZstdPool } from "./zstd-instance.ts";

/** dist/zstd-decoder.wasm and dist/zstd-encoder.wasm, compiled; each is asked for once, at its first use. */
export interface ZstdModules {
  readonly decoder?: () => Promise<WebAssembly.Module>;
  readonly encoder?: () => Promise<WebAssembly.Module>;
  /** `ZSTD_MAX_WINDOW` if absent: bytes. */
  readonly maxWindow?: number;
}

/** zstd over the modules a host brings; `checksum` is the frames' (RFC 8878 §3.1.1). */
export function wasmZstd(modules: ZstdModules, checksum: (content: Uint8Array) => number): ZstdKernel {
  const { maxWindow = ZSTD_MAX_WINDOW } = modules;
  const pool = loadedOnce(modules.decoder, "decompress", (module) => new ZstdPool(module));
  const encoder = loadedOnce(modules.encoder, "compress to", (module) => wasmZstdEncoder(module, checksum));
  return {
    decoder: async (options) => zstdDecoder(await pool(), { maxWindow, ...options }),
    encoder,
  };
}

/** A failure to load is not kept: a network may be back the next time. */
function loadedOnce<T>(
  load: (() => Promise<WebAssembly.Module>) | undefined,
  verb: Parameters<typeof withoutZstd>[0],
  make: (module: WebAssembly.Module) => T,
): () => Promise<T> {
  let made: Promise<T> | undefined;
  return async () => {
    if (!load) throw withoutZstd(verb);
    made ??= load()
      .then(make)
      .catch((error) => {
        made = undefined;
        throw error;
      });
    return made;
  };
}
