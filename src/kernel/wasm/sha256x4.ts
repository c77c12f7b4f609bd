import type { KernelInstance } from "./instance.ts";

const LANES = [0, 1, 2, 3] as const;

/** A message in a lane: which, and how much of it the lane has had. */
interface Job {
  readonly index: number;
  readonly message: Uint8Array;
  done: number;
}

/** assembly/sha256x4.ts: messages take the lanes in their order, a free lane the next one. */
export function wasmSha256Many({
  kernels,
  memory,
}: KernelInstance): (messages: readonly Uint8Array[]) => Uint8Array[] {
  const input = kernels.sha256x4_input.value;
  const size = kernels.sha256x4_window_size.value;
  const stride = kernels.sha256x4_window_stride.value;
  const hash = kernels.sha256_digest_bytes.value;

  /** Gives the lane more of its message. */
  const fill = (lane: number, job: Job) => {
    const part = job.message.subarray(job.done, job.done + size);
    memory.set(part, input + lane * stride);
    job.done += part.length;
    kernels.sha256x4_fill(lane, part.length, isOver(job) ? 1 : 0);
  };

  return (messages) => {
    const hashes: Uint8Array[] = [];
    const jobs: (Job | undefined)[] = [];
    const waiting = messages.entries();

    const begin = (lane: number) => {
      const { value, done } = waiting.next();
      jobs[lane] = done ? undefined : { index: value[0], message: value[1], done: 0 };
      const job = jobs[lane];
      if (!job) return;
      kernels.sha256x4_begin(lane);
      fill(lane, job);
    };

    LANES.forEach(begin);
    for (;;) {
      const empty = kernels.sha256x4_run();
      if (empty === 0) return hashes;
      for (const lane of LANES) {
        const job = jobs[lane];
        if (!job || (empty & (1 << lane)) === 0) continue;
        if (!isOver(job)) fill(lane, job);
        else {
          kernels.sha256x4_digest(lane);
          hashes[job.index] = memory.slice(hash, hash + 32);
          begin(lane);
        }
      }
    }
  };
}

function isOver({ message, done }: Job): boolean {
  return done === message.length;
}
