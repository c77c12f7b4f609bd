/**
 * The kernels' port without our WebAssembly: over pako, hash-wasm and plain
 * TypeScript. It is the oracle of the contract tests, and serves where a
 * module cannot be loaded.
 *
 * It never writes bytes that get a digest: the gzip format (chunks, dictionary,
 * joins, DEFLATE itself) is the WebAssembly kernel's alone. `gzip` here writes
 * valid gzip of other bytes.
 */
import { createSHA256 } from "hash-wasm";
import { combineCrc32, crc32 } from "./fallback/crc32.ts";
import { gunzip } from "./fallback/gunzip.ts";
import { gzip } from "./fallback/gzip.ts";
import { inflate } from "./fallback/inflate.ts";
import { hashWasmEngine } from "./fallback/sha256.ts";
import { sha512Hasher } from "./fallback/sha512.ts";
import { tar } from "./fallback/tar.ts";
import { zstd } from "./fallback/zstd.ts";
import type { Kernels } from "./kernels.ts";
import { oneByOne, sharedSha256 } from "./sha256.ts";

/** The port over JavaScript libraries; ready when the promise resolves. */
export async function fallbackKernels(): Promise<Kernels> {
  const sha256 = sharedSha256(hashWasmEngine(await createSHA256()));
  return {
    engine: "fallback",
    hasher: (algorithm) => (algorithm === "sha256" ? sha256() : sha512Hasher()),
    sha256Many: oneByOne(sha256),
    resumableSha256: sha256,
    crc32,
    combineCrc32,
    gunzip,
    inflate,
    gzip,
    zstd,
    tar,
  };
}
