/** `node cold-start-process.ts TASK FILE`: the first layer in a process, and later ones. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { loadModule } from "../cli/host/kernels.ts";
import { nodePool } from "../cli/host/pool.ts";
import { drain, streamFrom } from "../src/bytes/stream.ts";
import { gunzip, gzip } from "../src/compression/gzip.ts";
import { wasmKernels } from "../src/kernel/wasm.ts";
import type { ColdStart } from "./cold-start.ts";

const CHUNK = 64 * 1024;
const WARM_ROUNDS = 15;

const [, , task = "", file = ""] = process.argv;
const data = readFileSync(file);
const packed = gzipSync(data);

function* cut(bytes: Uint8Array): Generator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}

const before = performance.now();
const module = await loadModule();
const kernels = wasmKernels(module);
const pool = nodePool(module, { size: 2 });
const layer = () => {
  if (task === "gunzip") return drain(gunzip(streamFrom(cut(packed)), kernels));
  return drain(gzip(streamFrom(cut(data)), kernels, task === "gzip" ? {} : { pool }));
};
await layer();
const first = performance.now() - before;
let warm = Number.POSITIVE_INFINITY;
for (let round = 0; round < WARM_ROUNDS; round++) {
  const started = performance.now();
  await layer();
  warm = Math.min(warm, performance.now() - started);
}
await pool.dispose();
console.log(JSON.stringify({ first, warm } satisfies ColdStart));
