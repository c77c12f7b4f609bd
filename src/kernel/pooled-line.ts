import { SealiftError } from "../error.ts";
import { misuse } from "./failure.ts";
import type { JobInput, JobKind, JobOutput } from "./jobs.ts";
import type { JobLine } from "./pool.ts";
import type { Job } from "./pooled-worker.ts";

/** What a line asks of its pool. */
export interface LineHost {
  /** Whether the line, which has something pending, may have more. */
  mayGrow(line: PooledLine<JobKind>): boolean;
  add(line: PooledLine<JobKind>, job: Job): void;
  /** These are not to be begun. */
  withdraw(jobs: ReadonlySet<Job>): void;
  /** Nothing of the line is pending any more. */
  leave(line: PooledLine<JobKind>): void;
}

interface Pending {
  readonly job: Job;
  readonly result: Promise<object>;
}

export class PooledLine<K extends JobKind> implements JobLine<K> {
  readonly #host: LineHost;
  readonly #kind: K;
  #pending: Pending[] = [];
  #closed = false;

  constructor(host: LineHost, kind: K) {
    this.#host = host;
    this.#kind = kind;
  }

  get pending(): number {
    return this.#pending.length;
  }

  get hasRoom(): boolean {
    return this.pending === 0 || this.#host.mayGrow(this);
  }

  push(input: JobInput<K>): void {
    if (this.#closed) throw cancelled();
    if (!this.hasRoom) throw misuse("a line of jobs that has no room");
    let job: Job | undefined;
    const result = new Promise<object>((resolve, reject) => {
      job = { line: this, kind: this.#kind, input, resolve, reject };
    });
    // It may fail long before anyone takes it.
    result.catch(() => {});
    const pending = { job: job as unknown as Job, result };
    this.#pending.push(pending);
    this.#host.add(this, pending.job);
  }

  async next(): Promise<JobOutput<K>> {
    const oldest = this.#pending[0];
    if (!oldest) throw this.#closed ? cancelled() : misuse("a line of jobs that has none");
    try {
      return (await oldest.result) as JobOutput<K>;
    } finally {
      if (this.#pending[0] === oldest) this.#pending.shift();
      if (this.pending === 0) this.#host.leave(this);
    }
  }

  close(): void {
    this.#closed = true;
    const given = this.#pending;
    this.#pending = [];
    this.#host.withdraw(new Set(given.map(({ job }) => job)));
    this.#host.leave(this);
    for (const { job } of given) job.reject(cancelled());
  }
}

function cancelled(): SealiftError {
  return new SealiftError("ABORTED", "Cannot do the job: it was cancelled");
}
