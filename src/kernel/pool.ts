/**
 * The worker pool's port: jobs done on other threads, where a host has some.
 * Layers share one pool; each has a line of its own, whose results come back in
 * the order of its jobs. Implemented over workers (worker-pool.ts), which each
 * host starts in its way; with no workers the calling thread does the jobs.
 */
import type { JobInput, JobKind, JobOutput } from "./jobs.ts";

export interface Pool {
  /** How many workers it may have; 0 where the calling thread does everything. */
  readonly size: number;
  /** Jobs of all lines that wait or are being done. */
  readonly pending: number;
  /** Starts every worker now rather than when there is enough to do; gives how many there are. */
  start(): Promise<number>;
  /** Says what is coming: for so many bytes, where they are enough, workers are started before the first is there. */
  expect(bytes: number): void;
  /** A line for one stream's jobs. Holds nothing until there are some. */
  open<K extends JobKind>(kind: K): JobLine<K>;
  /** Ends the workers; what is pending fails with ABORTED. */
  dispose(): Promise<void>;
}

/**
 * Jobs of one stream, in order. Whoever gives them looks at `hasRoom` first and
 * takes a result where there is none: that bounds what is in memory, for each
 * line and for all of them.
 */
export interface JobLine<K extends JobKind> {
  /** Whether one more job may be given; always where none is pending, so no line waits for another. */
  readonly hasRoom: boolean;
  /** Jobs whose results were not taken yet. */
  readonly pending: number;
  /** Gives a job, and the buffers of its input with it. */
  push(input: JobInput<K>): void;
  /** The oldest job's result. Fails with what the job failed with; with INTERNAL where its worker crashed. */
  next(): Promise<JobOutput<K>>;
  /** Gives up what is pending: what waits is never done, what is being done is dropped. */
  close(): void;
}
