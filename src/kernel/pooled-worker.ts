/** A worker of a pool: starting, then idle or at its jobs, until it fails or is ended. */
import { SealiftError } from "../error.ts";
import type { Answer, Request } from "./job-server.ts";
import { buffersOf, type Modules } from "./jobs.ts";

/** A thread as a host has it. */
export interface WorkerPort {
  /** The buffers are moved. */
  post(request: Request, buffers: ArrayBuffer[]): void;
  /** Whether the process has to wait for it, where it would otherwise. */
  hold?(busy: boolean): void;
  end(): unknown;
}

/** Starts a thread that serves jobs (job-server.ts). It tells its answers, and once that it cannot go on. */
export type StartWorker = (
  onAnswer: (answer: Answer) => void,
  onFailure: (reason: string) => void,
) => WorkerPort;

/** A job, and whom its result is for. */
export interface Job {
  /** Whose stream it is of. */
  readonly line: object;
  readonly kind: string;
  readonly input: object;
  resolve(output: object): void;
  reject(error: unknown): void;
}

export interface WorkerEvents {
  readonly onIdle: () => void;
  /** It is of no use any more; `ready` tells whether it ever was. */
  readonly onFailure: (worker: PooledWorker, ready: boolean) => void;
}

/**
 * The job it is at, and the next: until the calling thread, which shares the
 * processors with the workers, hears of a result and gives another, a worker
 * was idle for a sixth of the time (one trace on two processors).
 */
const JOBS_AT_ONCE = 2;

export class PooledWorker {
  readonly #port: WorkerPort;
  readonly #events: WorkerEvents;
  #ready = false;
  #over = false;
  /** In the order in which it answers. */
  #jobs: Job[] = [];
  #settle = () => {};
  /** Resolves when it is ready, or never will be. */
  readonly settled = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });

  /** Throws as the host does where it can start none. */
  constructor(start: StartWorker, modules: Modules, events: WorkerEvents) {
    this.#events = events;
    this.#port = start(
      (answer) => this.#take(answer),
      (reason) => this.#fail(reason),
    );
    this.#port.hold?.(true);
    this.#port.post({ type: "begin", modules }, []);
  }

  get isStarting(): boolean {
    return !this.#ready;
  }

  get isIdle(): boolean {
    return this.#ready && this.#jobs.length === 0;
  }

  /** Whether the job may wait here: behind those of its own line, for a crash fails them all. */
  hasRoomFor({ line }: Job): boolean {
    return this.#ready && this.#jobs.length < JOBS_AT_ONCE && this.#jobs.every((job) => job.line === line);
  }

  /** Jobs that it has. */
  get pending(): number {
    return this.#jobs.length;
  }

  give(job: Job): void {
    this.#jobs.push(job);
    this.#port.hold?.(true);
    this.#port.post({ type: "job", kind: job.kind, input: job.input }, buffersOf(job.input));
  }

  end(): unknown {
    this.#over = true;
    this.#settle();
    return this.#port.end();
  }

  #take(answer: Answer): void {
    if (this.#over) return;
    const job = answer.type === "ready" ? undefined : this.#jobs.shift();
    if (this.#jobs.length === 0) this.#port.hold?.(false);
    if (answer.type === "ready") {
      this.#ready = true;
      this.#settle();
    } else if (answer.type === "done") {
      job?.resolve(answer.output);
    } else {
      job?.reject(new SealiftError(answer.code, answer.message));
    }
    this.#events.onIdle();
  }

  #fail(reason: string): void {
    if (this.#over) return;
    this.end();
    for (const { kind, reject } of this.#jobs.splice(0)) {
      reject(
        new SealiftError("INTERNAL", `Cannot do ${kind} job: its worker ended: ${reason}`, {
          hint: "Try again; with SEALIFT_WORKERS=0 the command does without workers.",
        }),
      );
    }
    this.#events.onFailure(this, this.#ready);
  }
}
