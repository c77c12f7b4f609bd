import type { ZstdEncoder } from "../kernels.ts";
import type { KernelInstance } from "./instance.ts";
import { wasmXxh64 } from "./xxh64.ts";
import { wasmZstdEncoder } from "./zstd-encoder.ts";

/** One frame to make. */
export interface ZstdFrameJob {
  /** dist/zstd-encoder.wasm, compiled: only who gives zstd jobs has loaded it. */
  readonly module: WebAssembly.Module;
  readonly content: Uint8Array<ArrayBuffer>;
}

export interface ZstdFrame {
  readonly frame: Uint8Array<ArrayBuffer>;
  /** The job's, for its buffer to be filled again. */
  readonly content: Uint8Array<ArrayBuffer>;
}

/** Makes frames in an encoder of its own, begun at the first. */
export function wasmZstdFrames(instance: KernelInstance): (job: ZstdFrameJob) => ZstdFrame {
  const checksum = wasmXxh64(instance);
  let encoder: ZstdEncoder | undefined;
  return ({ module, content }) => {
    encoder ??= wasmZstdEncoder(module, checksum);
    return { frame: encoder.frame(content), content };
  };
}
