import type { Answer, Progress, Request } from "../worker/protocol.ts";

type WithoutJob<T> = T extends { readonly job: number } ? Omit<T, "job"> : never;
type Final = Extract<Answer, { type: "listed" | "taken" | "taken-all" | "key" }>;

/** What the worker could not do, in its words. */
export class WorkerFailure extends Error {
  override readonly name = "WorkerFailure";
  readonly code: string;
  readonly hint: string;

  constructor({ code, message, hint }: { code: string; message: string; hint: string }) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** A question under way: its answer, and its end. */
export interface Asked<T> {
  readonly answer: Promise<T>;
  cancel(): void;
}

/** The worker, as questions with answers. What belongs to the open file is told to `onAnswer`. */
export class WorkerClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<
    number,
    { resolve(answer: Final): void; reject(error: unknown): void; onProgress(progress: Progress): void }
  >();
  #jobs = 0;

  constructor(worker: Worker, onAnswer: (answer: Answer) => void, onBroken: (reason: string) => void) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      if (!this.#settle(data)) onAnswer(data);
    });
    worker.addEventListener("error", (event) => onBroken(event.message || "its script could not be loaded"));
  }

  /** Opens a file; gives the job its answers carry. */
  open(file: File, keys: readonly string[]): number {
    const job = ++this.#jobs;
    this.#send({ type: "open", job, file, keys });
    return job;
  }

  judge(keys: readonly string[]): void {
    this.#send({ type: "judge", keys });
  }

  cancel(job: number): void {
    this.#send({ type: "cancel", job });
  }

  /** Asks; the answer is of the type the question calls for. */
  ask<T extends Final["type"]>(
    question: WithoutJob<Extract<Request, { type: "list" | "take" | "take-all" | "read-key" }>>,
    _type: T,
    onProgress: (progress: Progress) => void = () => {},
  ): Asked<Extract<Final, { type: T }>> {
    const job = ++this.#jobs;
    const answer = new Promise<Final>((resolve, reject) => {
      this.#waiting.set(job, { resolve, reject, onProgress });
    });
    this.#send({ ...question, job } as Request);
    return { answer: answer as Promise<Extract<Final, { type: T }>>, cancel: () => this.cancel(job) };
  }

  #settle(answer: Answer): boolean {
    const waiting = answer.job === undefined ? undefined : this.#waiting.get(answer.job);
    if (!waiting || answer.job === undefined) return false;
    if (answer.type === "progress") {
      waiting.onProgress(answer.progress);
      return true;
    }
    this.#waiting.delete(answer.job);
    if (answer.type === "failed") waiting.reject(new WorkerFailure(answer.failure));
    else waiting.resolve(answer as Final);
    return true;
  }

  #send(request: Request): void {
    this.#worker.postMessage(request);
  }
}
