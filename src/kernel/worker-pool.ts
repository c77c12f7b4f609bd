/** The pool over a host's workers: which job is done next, by whom, and how much may be pending. */
import { type JobKind, jobRunner, type Modules } from "./jobs.ts";
import type { JobLine, Pool } from "./pool.ts";
import { type LineHost, PooledLine } from "./pooled-line.ts";
import { type Job, PooledWorker, type StartWorker } from "./pooled-worker.ts";

export interface WorkerPoolOptions {
  /** How many workers; with 0 the calling thread does everything. */
  readonly size: number;
  readonly modules: Modules;
  readonly startWorker: StartWorker;
  /** Bytes the calling thread takes upon itself before a worker is started; WORTH_A_WORKER without it. */
  readonly worthAWorker?: number;
}

/** For less, the calling thread is done before a worker would be ready (`npm run bench -- cold-start`). */
const WORTH_A_WORKER = 4 << 20;

/** Jobs pending for each worker: the one it is at, and the one that is ready when that is done. */
const JOBS_PER_WORKER = 2;

/**
 * A pool of workers that are started when there is enough to do, as many as
 * find something. Where none can be started the calling thread does the jobs.
 */
export function workerPool(options: WorkerPoolOptions): Pool {
  return new WorkerPool(options);
}

class WorkerPool implements Pool, LineHost {
  readonly size: number;
  readonly #options: WorkerPoolOptions;
  readonly #runHere: (kind: string, input: object) => object;
  readonly #workers = new Set<PooledWorker>();
  /** Lines of which something is pending. */
  readonly #lines = new Set<PooledLine<JobKind>>();
  #queue: Job[] = [];
  /** Bytes of all jobs so far. */
  #given = 0;
  /** No worker can be started here. */
  #workerless: boolean;

  constructor(options: WorkerPoolOptions) {
    this.size = options.size;
    this.#options = options;
    this.#runHere = jobRunner(options.modules);
    this.#workerless = options.size === 0;
  }

  get #worthAWorker(): number {
    return this.#options.worthAWorker ?? WORTH_A_WORKER;
  }

  get pending(): number {
    return [...this.#workers].reduce((sum, { pending }) => sum + pending, this.#queue.length);
  }

  async start(): Promise<number> {
    this.#startUpTo(this.size);
    await Promise.all([...this.#workers].map(({ settled }) => settled));
    return this.#workers.size;
  }

  expect(bytes: number): void {
    if (bytes >= this.#worthAWorker)
      this.#startUpTo(Math.min(this.size, Math.ceil(bytes / this.#worthAWorker)));
  }

  open<K extends JobKind>(kind: K): JobLine<K> {
    return new PooledLine(this, kind);
  }

  async dispose(): Promise<void> {
    for (const line of this.#lines) line.close();
    this.#workerless = true;
    const workers = [...this.#workers];
    this.#workers.clear();
    await Promise.all(workers.map((worker) => worker.end()));
  }

  /** The lines in use share evenly what may be pending in all. */
  mayGrow(line: PooledLine<JobKind>): boolean {
    const inAll = JOBS_PER_WORKER * Math.max(1, this.size);
    const pending = [...this.#lines].reduce((sum, { pending }) => sum + pending, 0);
    return pending < inAll && line.pending < Math.floor(inAll / this.#lines.size);
  }

  add(line: PooledLine<JobKind>, job: Job): void {
    this.#lines.add(line);
    this.#queue.push(job);
    this.#given += bytesOf(job.input);
    this.#distribute();
  }

  withdraw(jobs: ReadonlySet<Job>): void {
    this.#queue = this.#queue.filter((job) => !jobs.has(job));
  }

  leave(line: PooledLine<JobKind>): void {
    this.#lines.delete(line);
  }

  #distribute(): void {
    for (let job = this.#queue[0]; job; job = this.#queue[0]) {
      const idle = [...this.#workers].find((worker) => worker.isIdle);
      if (!idle) this.#startWorkers();
      const worker = idle ?? this.#nextToBeIdle(job);
      if (!worker && this.#workers.size > 0) return;
      this.#queue.shift();
      if (worker) worker.give(job);
      else this.#do(job);
    }
  }

  /** None while one is starting, which would then have nothing to do. */
  #nextToBeIdle(job: Job): PooledWorker | undefined {
    const workers = [...this.#workers];
    if (workers.some(({ isStarting }) => isStarting)) return undefined;
    return workers.find((worker) => worker.hasRoomFor(job));
  }

  /** As many as there are jobs that nobody has begun. */
  #startWorkers(): void {
    if (this.#given < this.#worthAWorker) return;
    const starting = [...this.#workers].filter((worker) => worker.isStarting).length;
    this.#startUpTo(Math.min(this.size, this.#workers.size + this.#queue.length - starting));
  }

  #startUpTo(count: number): void {
    while (!this.#workerless && this.#workers.size < count) this.#startOne();
  }

  #startOne(): void {
    try {
      const worker = new PooledWorker(this.#options.startWorker, this.#options.modules, {
        onIdle: () => this.#distribute(),
        onFailure: (failed, wasReady) => this.#lose(failed, wasReady),
      });
      this.#workers.add(worker);
    } catch {
      this.#workerless = true;
    }
  }

  /** One that worked is replaced when next there is a job; where one could not start, others could not either. */
  #lose(worker: PooledWorker, wasReady: boolean): void {
    this.#workers.delete(worker);
    if (!wasReady) this.#workerless = true;
    this.#distribute();
  }

  #do(job: Job): void {
    try {
      job.resolve(this.#runHere(job.kind, job.input));
    } catch (error) {
      job.reject(error);
    }
  }
}

function bytesOf(input: object): number {
  return Object.values(input)
    .filter((value) => value instanceof Uint8Array)
    .reduce((sum, { length }) => sum + length, 0);
}
