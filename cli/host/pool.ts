/** The worker pool over Node's worker threads. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { reasonOf, SealiftError } from "../../src/error.ts";
import type { Pool } from "../../src/kernel/pool.ts";
import type { StartWorker, WorkerPort } from "../../src/kernel/pooled-worker.ts";
import { workerPool } from "../../src/kernel/worker-pool.ts";

export interface NodePoolOptions {
  /** Threads at most; by `workerCount` without it. */
  readonly size?: number;
  /** What each thread runs; found without it. */
  readonly script?: URL;
  /** Bytes that the calling thread compresses before a thread is started. */
  readonly worthAWorker?: number;
}

/** More do not help: one thread reads, inflates, hashes and writes for all of them. */
const MOST_WORKERS = 8;

/** A thread compresses and holds a chunk or two: what it takes beyond that is a defect. */
const LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

/** A pool of threads, started when there is enough to do for them; they do not keep the process from ending. */
export function nodePool(module: WebAssembly.Module, options: NodePoolOptions = {}): Pool {
  const { size = workerCount(process.env), script = workerScript(), worthAWorker } = options;
  return workerPool({
    size: script ? size : 0,
    modules: { kernels: module },
    startWorker: (...events) => startThread(script as URL, ...events),
    ...(worthAWorker !== undefined && { worthAWorker }),
  });
}

/**
 * SEALIFT_WORKERS, or as many threads as run at once: the calling one does
 * little beside them. On one processor none, for they would only take turns.
 * Throws USAGE.
 */
export function workerCount(env: Readonly<Record<string, string | undefined>>): number {
  const text = env.SEALIFT_WORKERS;
  if (text) {
    if (/^\d{1,3}$/.test(text)) return Number(text);
    throw new SealiftError("USAGE", `Cannot use SEALIFT_WORKERS: "${text}" is not a number of workers`);
  }
  const processors = availableParallelism();
  return processors > 1 ? Math.min(processors, MOST_WORKERS) : 0;
}

/** Beside this source, beside the bundled command, or above a library chunk; undefined where it was not installed with them. */
function workerScript(): URL | undefined {
  const places = ["./pool-worker.ts", "./pool-worker.js", "../pool-worker.js"];
  return places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
}

/** Modules of Node that not every run needs take ten milliseconds each, and are loaded here as elsewhere when they are used. */
function startThread(script: URL, ...[onAnswer, onFailure]: Parameters<StartWorker>): WorkerPort {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const thread = new Worker(script, { name: "sealift", execArgv: [], resourceLimits: LIMITS });
  thread.on("message", onAnswer);
  thread.on("messageerror", (error) => onFailure(error.message));
  thread.on("error", (error) => onFailure(reasonOf(error)));
  thread.on("exit", (code) => onFailure(`it exited with ${code}`));
  return {
    post: (request, buffers) => thread.postMessage(request, buffers),
    hold: (busy) => (busy ? thread.ref() : thread.unref()),
    end: () => thread.terminate(),
  };
}
