/** web/worker/pool.worker.ts with the tests' jobs. */
import { type Request, serveJobs } from "../../../src/kernel/job-server.ts";
import { TEST_JOBS } from "./jobs.ts";

const serve = serveJobs((answer, transfer) => postMessage(answer, { transfer }), TEST_JOBS);
addEventListener("message", ({ data }: MessageEvent<Request>) => serve(data));
