/** Kinds of job that only tests have: to see what a worker did, and to lose it. */
import { JOBS, type JobTable } from "../../../src/kernel/jobs.ts";
import type { JobLine, Pool } from "../../../src/kernel/pool.ts";

export interface Noted {
  /** What this worker noted so far, this included. */
  readonly all: readonly string[];
}

export const TEST_JOBS: JobTable = {
  ...JOBS,
  note() {
    const all: string[] = [];
    return ({ what }: { readonly what: string }) => {
      all.push(what);
      return { all } satisfies Noted;
    };
  },
  /** A result that cannot be posted: an error outside any job, which is how threads end. */
  crash: () => () => ({ crash() {} }),
  fail: () => () => {
    throw new Error("the job does not like its input");
  },
};

interface TestInputs {
  readonly note: { readonly what: string };
  readonly crash: object;
  readonly fail: object;
}

/** A line of test jobs; the pool's type knows nothing of them. */
export interface TestLine<K extends keyof TestInputs> extends Omit<JobLine<never>, "push" | "next"> {
  push(input: TestInputs[K]): void;
  next(): Promise<Noted>;
}

export function openTestLine<K extends keyof TestInputs>(pool: Pool, kind: K): TestLine<K> {
  return pool.open(kind as never) as unknown as TestLine<K>;
}
