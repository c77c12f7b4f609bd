/** The pool's checks in a page; test/host/web/pool.test.ts builds it, and asks for them by name. */
import { wasmKernels } from "../../../src/kernel/wasm.ts";
import { browserPool } from "../../../web/host/pool.ts";
import { mixture } from "../kernels-input.ts";
import { poolChecks } from "./checks.ts";
import { packedBy } from "./packed.ts";

const module = WebAssembly.compileStreaming(fetch("/kernels.wasm"));
const encoder = () => WebAssembly.compileStreaming(fetch("/zstd-encoder.wasm"));
const pageWorker = () => new Worker(new URL("./page-worker.ts", import.meta.url), { type: "module" });

const checks = poolChecks(async () => ({
  kernels: wasmKernels(await module, { encoder }),
  make: async (size) => browserPool(await module, { size, makeWorker: pageWorker, worthAWorker: 0 }),
  async unpack(bytes) {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
    return new Uint8Array(
      await new Response(stream.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer(),
    );
  },
}));

/** Compresses with the page's own worker, or with one that cannot be loaded; how many there were, and of which bytes. */
async function compress(makeWorker?: () => Worker): Promise<{ workers: number; digest: string }> {
  const pool = browserPool(await module, { size: 2, worthAWorker: 0, ...(makeWorker && { makeWorker }) });
  const bytes = await packedBy(pool, wasmKernels(await module), mixture(3 << 20, 61));
  const workers = await pool.start();
  await pool.dispose();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return { workers, digest: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}

const page = {
  names: () => [...checks.keys()],
  run: (name: string) => checks.get(name)?.(),
  compress: () => compress(),
  compressWithout: () => compress(() => new Worker("/absent.js", { type: "module" })),
  /** As verify.html would: a classic worker from its text. */
  compressFromText: (text: string) =>
    compress(() => new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })))),
};

/** What the page hands out. */
export type PoolPage = typeof page;

Object.assign(globalThis, { poolPage: page });
