/** The kernels' port over our WebAssembly module (assembly/): the same bytes on every host. */
import { KERNEL_VERSION, type Kernels } from "./kernels.ts";
import { sharedSha256 } from "./sha256.ts";
import { sharedHash } from "./shared-hash.ts";
import { wasmCrc32 } from "./wasm/crc32.ts";
import { wasmGzip } from "./wasm/gzip.ts";
import { wasmGunzip, wasmGunzipFrom, wasmGunzipWithPoints, wasmInflate } from "./wasm/inflate.ts";
import { InstancePool, pooledCodec } from "./wasm/instance.ts";
import { wasmRewriter } from "./wasm/rewrite.ts";
import { wasmSha256, wasmSha512 } from "./wasm/sha2.ts";
import { wasmSha256Many } from "./wasm/sha256x4.ts";
import { wasmTar } from "./wasm/tar.ts";
import { wasmXxh64 } from "./wasm/xxh64.ts";
import { wasmZstd, type ZstdModules } from "./wasm/zstd.ts";

/**
 * The port over a compiled kernels.wasm. Instantiates synchronously: Workers
 * forbid compiling, so the host brings the module. What is done in one call,
 * hashing, CRC and tar headers, shares one instance; each codec in progress has
 * one of its own. zstd is in modules of others.
 */
export function wasmKernels(module: WebAssembly.Module, zstd: ZstdModules = {}): Kernels {
  const pool = new InstancePool(module);
  const shared = pool.acquire();
  const sha256 = sharedSha256(wasmSha256(shared));
  const sha512 = sharedHash(wasmSha512(shared));
  return {
    engine: `wasm-${KERNEL_VERSION}`,
    hasher: (algorithm) => (algorithm === "sha256" ? sha256() : sha512()),
    sha256Many: wasmSha256Many(shared),
    resumableSha256: sha256,
    crc32: wasmCrc32(shared),
    combineCrc32: (first, second, length) => shared.kernels.crc32_combine(first, second, length) >>> 0,
    gunzip: (options) => pooledCodec(pool, (instance) => wasmGunzip(instance, options)),
    gunzipWithPoints: (points, options) =>
      pooledCodec(pool, (instance) => wasmGunzipWithPoints(instance, points, options)),
    gunzipFrom: (point, options) => pooledCodec(pool, (instance) => wasmGunzipFrom(instance, point, options)),
    inflate: (options) => pooledCodec(pool, (instance) => wasmInflate(instance, options)),
    gzip: (options) => pooledCodec(pool, (instance) => wasmGzip(instance, options)),
    zstd: wasmZstd(zstd, wasmXxh64(shared)),
    tar: wasmTar(shared),
    rewriter: (options) => wasmRewriter(pool, options),
  };
}
