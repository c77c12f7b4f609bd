/** A worker's side of the pool: what it is told, what it answers, and doing it. */
import { type ErrorCode, isSealiftError, reasonOf } from "../error.ts";
import { buffersOf, JOBS, type JobTable, jobRunner, type Modules } from "./jobs.ts";

/** To a worker. It has one job at a time, so none needs a number. */
export type Request =
  | { readonly type: "begin"; readonly modules: Modules }
  | { readonly type: "job"; readonly kind: string; readonly input: object };

/** From a worker: an answer to each request. */
export type Answer =
  | { readonly type: "ready" }
  | { readonly type: "done"; readonly output: object }
  | { readonly type: "failed"; readonly code: ErrorCode; readonly message: string };

/** Answers requests; `post` moves the buffers. */
export function serveJobs(
  post: (answer: Answer, buffers: ArrayBuffer[]) => void,
  table: JobTable = JOBS,
): (request: Request) => void {
  let run: ReturnType<typeof jobRunner> | undefined;
  return (request) => {
    if (request.type === "begin") {
      run = jobRunner(request.modules, table);
      return post({ type: "ready" }, []);
    }
    const answer = answerTo(() => run?.(request.kind, request.input) ?? {});
    post(answer, answer.type === "done" ? buffersOf(answer.output) : []);
  };
}

function answerTo(work: () => object): Answer {
  try {
    return { type: "done", output: work() };
  } catch (error) {
    const code = isSealiftError(error) ? error.code : "INTERNAL";
    return { type: "failed", code, message: reasonOf(error) };
  }
}
