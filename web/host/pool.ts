/** The worker pool over the browser's workers. A page that compresses nothing need not load it. */
import type { Pool } from "../../src/kernel/pool.ts";
import type { StartWorker } from "../../src/kernel/pooled-worker.ts";
import { workerPool } from "../../src/kernel/worker-pool.ts";

export interface BrowserPoolOptions {
  /** Workers at most; as many as the processor runs at once, up to 8, without it. */
  readonly size?: number;
  /** Makes a worker that runs ../worker/pool.worker.ts: a page from a file has its text, and no address for it. */
  readonly makeWorker?: () => Worker;
  /** Bytes that the calling thread compresses before a worker is started. */
  readonly worthAWorker?: number;
}

const MOST_WORKERS = 8;

/** A pool of workers over compiled kernels; the calling thread does the jobs where the browser lets none start. */
export function browserPool(module: WebAssembly.Module, options: BrowserPoolOptions = {}): Pool {
  const { size = workerCount(), makeWorker = moduleWorker, worthAWorker } = options;
  return workerPool({
    size,
    modules: { kernels: module },
    startWorker: (...events) => startWorker(makeWorker(), ...events),
    ...(worthAWorker !== undefined && { worthAWorker }),
  });
}

/** On one processor workers would only take turns with this one. */
function workerCount(): number {
  const processors = navigator.hardwareConcurrency;
  return processors > 1 ? Math.min(processors, MOST_WORKERS) : 0;
}

function moduleWorker(): Worker {
  return new Worker(new URL("../worker/pool.worker.ts", import.meta.url), { type: "module" });
}

function startWorker(worker: Worker, ...[onAnswer, onFailure]: Parameters<StartWorker>) {
  worker.addEventListener("message", ({ data }) => onAnswer(data));
  worker.addEventListener("messageerror", () => onFailure("its message cannot be read"));
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    onFailure(event.message || "its script could not be loaded");
  });
  return {
    post: (request: object, buffers: ArrayBuffer[]) => worker.postMessage(request, buffers),
    end: () => worker.terminate(),
  };
}
