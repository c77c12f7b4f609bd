/** What a thread of the pool runs (pool.ts); a file of its own in the build. */
import { parentPort } from "node:worker_threads";
import { serveJobs } from "../../src/kernel/job-server.ts";

const serve = serveJobs((answer, buffers) => parentPort?.postMessage(answer, buffers));
parentPort?.on("message", serve);
