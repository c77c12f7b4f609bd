/** Streams whose chunks are made by a worker pool. */
import { type ByteStream, streamFrom } from "../bytes/stream.ts";
import type { JobInput, JobKind, JobOutput } from "../kernel/jobs.ts";
import type { JobLine } from "../kernel/pool.ts";

/** The results of all jobs, in their order; as many are pending as the line has room for. */
export async function* inOrder<K extends JobKind>(
  line: JobLine<K>,
  jobs: AsyncIterable<JobInput<K>>,
): AsyncGenerator<JobOutput<K>, void, void> {
  try {
    for await (const job of jobs) {
      while (!line.hasRoom) yield await line.next();
      line.push(job);
    }
    while (line.pending > 0) yield await line.next();
  } finally {
    line.close();
  }
}

/** What the chunks are that a line's results become, read from `source`. */
export function pooledStream(
  source: ByteStream,
  line: JobLine<JobKind>,
  chunks: AsyncGenerator<Uint8Array, void, void>,
): ByteStream {
  const iterator = {
    next: () => chunks.next(),
    // A generator hears of its end only at its next step, and workers would go on until then.
    return() {
      line.close();
      return chunks.return();
    },
  };
  return streamFrom({ [Symbol.asyncIterator]: () => iterator }, (reason) => source.cancel(reason));
}
