/** A worker of the pool (../host/pool.ts). */
import { type Request, serveJobs } from "../../src/kernel/job-server.ts";

const serve = serveJobs((answer, transfer) => postMessage(answer, { transfer }));
addEventListener("message", ({ data }: MessageEvent<Request>) => serve(data));
