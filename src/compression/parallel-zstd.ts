/** zstd by a worker pool: frames depend on nothing but their content, so they are made anywhere and joined here. */
import { FreeList } from "../bytes/free-list.ts";
import type { ByteStream } from "../bytes/stream.ts";
import { type Kernels, ZSTD_FRAME_SIZE } from "../kernel/kernels.ts";
import type { JobLine, Pool } from "../kernel/pool.ts";
import { inOrder, pooledStream } from "./pooled-stream.ts";
import { toolFor } from "./transcode.ts";
import { frameContents } from "./zstd-frames.ts";

/** Buffers of contents that are compressed, for the next ones, of whatever stream; of 4 MiB each. */
const spare = new FreeList<ArrayBuffer>(4);

/** As `zstd`, with the pool's workers. */
export function parallelZstd(stream: ByteStream, kernels: Kernels, pool: Pool): ByteStream {
  const line = pool.open("zstd");
  return pooledStream(stream, line, frames(stream, kernels, line));
}

async function* frames(stream: ByteStream, kernels: Kernels, line: JobLine<"zstd">) {
  const { module } = await toolFor(stream, () => kernels.zstd.encoder());
  const jobs = async function* () {
    for await (const content of frameContents(stream, () => spare.take())) yield { module, content };
  };
  for await (const { frame, content } of inOrder(line, jobs())) {
    // That of nothing at all is too small for any other.
    if (content.buffer.byteLength === ZSTD_FRAME_SIZE) spare.keep(content.buffer);
    yield frame;
  }
}
