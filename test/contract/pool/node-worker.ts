/** cli/host/pool-worker.ts with the tests' jobs. */
import { parentPort } from "node:worker_threads";
import { serveJobs } from "../../../src/kernel/job-server.ts";
import { TEST_JOBS } from "./jobs.ts";

parentPort?.on(
  "message",
  serveJobs((answer, buffers) => parentPort?.postMessage(answer, buffers), TEST_JOBS),
);
